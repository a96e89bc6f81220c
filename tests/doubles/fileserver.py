"""A web server on loopback that serves what a test puts there, as well or as badly as the test wants."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["FileServer", "Page"]


@dataclass
class Page:
    """What one path answers.

    Attributes:
        body: The bytes.
        status: The status; 200 becomes 206 for a range.
        headers: More headers.
        ranges: Whether a Range header is heeded.
        get_only: Whether HEAD is refused, as signed URLs do.
        failures: How many calls answer 503 first.
        cut: After how many bytes of the body the connection is cut.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    get_only: bool = False
    failures: int = 0
    cut: int | None = None


class FileServer(ThreadingHTTPServer):
    """The server. Use it as a context manager; put pages into :attr:`pages` by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> FileServer:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.seen.append((self.command, self.path, {key.lower(): value for key, value in self.headers.items()}))
        page = self.server.pages.get(path, Page(status=404))
        if page.get_only and self.command == "HEAD":
            page = Page(status=403)
        if page.failures:
            page.failures -= 1
            page = Page(status=503)
        self._send(page)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _send(self, page: Page) -> None:
        status, body = page.status, page.body
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        headers = dict(page.headers)
        if asked and page.ranges and status == 200:
            first, last = int(asked[1]), min(int(asked[2]), len(body) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            status, body = 206, body[first : last + 1]
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: page.cut])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""
