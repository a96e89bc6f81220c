"""The HTTP side: ``POST /v1`` is the REST API, ``GET`` and ``HEAD`` are the file host."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import IO, Any

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.files import Span, etag_of, file_at, span_of
from rw_hooks.sandbox.media import Media
from rw_hooks.sandbox.transport.loopback import HOST
from rw_hooks.sandbox.transport.rest import Rest

__all__ = ["MEDIA_PATH", "HttpEndpoint"]

API_PATH = "/v1"
MEDIA_PATH = "/v1/media/"
_BODY_MAX = 64 << 20
_CHUNK = 1 << 18
_LOCAL_NAMES = (HOST, "localhost")


class HttpEndpoint(ThreadingHTTPServer):
    """The listening side, on loopback only.

    Args:
        port: Where; 0 for any free port.
        folder: What the file host serves.
        rest: Answers API calls.
        media: Images to serve.
        faults: What goes wrong.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, folder: Path, rest: Rest, media: Media, faults: Faults) -> None:
        super().__init__((HOST, port), _Handler)
        self.folder = folder
        self.rest = rest
        self.media = media
        self.faults = faults
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The base URL of the file host."""
        return f"http://{HOST}:{self.server_port}/"

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and cut all connections."""
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                _cut(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own types
        """Remember the connection while it is open."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's own types
        """Forget the connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own types
        """Let a client hang up in silence; show what is a bug."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpEndpoint  # pyright: ignore[reportIncompatibleVariableOverride] - it is this server's handler

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Print nothing: the world keeps the record."""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        body = self.rfile.read(min(int(length), _BODY_MAX)) if length.isdecimal() else b""
        if not self._is_local():
            return
        if self.path.rstrip("/") != API_PATH:
            self._answer(HTTPStatus.NOT_FOUND, b"")
            return
        status = self.server.faults.take_rest_status()
        if status is not None:
            retry_after = self.server.faults.retry_after
            self._answer(status, b"", {} if retry_after is None else {"Retry-After": retry_after})
            return
        reply = self.server.rest.answer(body, self.headers.get("Authorization"))
        if reply is None:
            self.close_connection = True
            return
        text = json.dumps(reply.body).encode()
        if self.server.faults.take("truncate_json"):
            text = text[: len(text) // 2]
        self._answer(reply.status, text, {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        if not self._is_local():
            return
        if self.path.startswith(MEDIA_PATH):
            found = self.server.media.get(self.path.removeprefix(MEDIA_PATH))
            content, kind = found or (b"", "")
            self._answer(
                HTTPStatus.OK if found else HTTPStatus.NOT_FOUND, content, {"Content-Type": kind} if found else {}
            )
            return
        path = file_at(self.server.folder, self.path)
        if path is None:
            self._answer(HTTPStatus.NOT_FOUND, b"")
            return
        with path.open("rb") as file:
            self._answer_file(file, etag_of(path))

    do_HEAD = do_GET  # noqa: N815 - the name is the protocol's

    def _answer_file(self, file: IO[bytes], etag: str) -> None:
        size = file.seek(0, 2)
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        if self.headers.get("If-None-Match") == etag:
            self._answer(HTTPStatus.NOT_MODIFIED, b"", headers)
            return
        wanted = self.headers.get("Range") if self.headers.get("If-Range", etag) == etag else None
        asked = span_of(wanted, size)
        if asked is not None and asked.length <= 0:
            self._answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", {"Content-Range": f"bytes */{size}"})
            return
        span = asked or Span(0, size)
        if asked is not None:
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
        self._start(HTTPStatus.OK if asked is None else HTTPStatus.PARTIAL_CONTENT, span.length, headers)
        if self.command == "HEAD":
            return
        file.seek(span.start)
        left = span.length
        while left and (chunk := file.read(min(_CHUNK, left))):
            self.wfile.write(chunk)
            left -= len(chunk)

    def _is_local(self) -> bool:
        """Refuse names that a web page may have made up for this address."""
        if (self.headers.get("Host") or "").rpartition(":")[0] in _LOCAL_NAMES:
            return True
        self._answer(HTTPStatus.FORBIDDEN, b"")
        return False

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._start(status, len(body), headers or {})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _start(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is gone already
