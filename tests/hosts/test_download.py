"""What a result points to is fetched whole or not at all, also by two processes at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rw_hooks.errors import UnreachableError
from rw_hooks.hosts import fetch_file
from rw_hooks.support.deadline import Deadline
from tests.doubles.fileserver import FileServer, Page

BODY = bytes(range(256)) * 4096


@contextmanager
def hesitating() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """Serve the body: the first time half of it until told to go on, then the rest; afterwards at once."""
    halfway, go_on = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[: len(BODY) // 2])
            if not halfway.is_set():
                halfway.set()
                go_on.wait(30)
            self.wfile.write(BODY[len(BODY) // 2 :])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/lora.safetensors", halfway, go_on
    finally:
        go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_two_that_fetch_the_same_do_not_meet(tmp_path):
    target = tmp_path / "url" / "lora.safetensors"
    with hesitating() as (url, halfway, go_on):
        first = threading.Thread(target=fetch_file, args=(url, target, Deadline.after(30)))
        first.start()
        assert halfway.wait(10)
        fetch_file(url, target, Deadline.after(30))
        with target.open("rb") as opened:
            go_on.set()
            first.join()
            assert opened.read() == BODY
    assert target.read_bytes() == BODY
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_what_is_cut_off_leaves_nothing(tmp_path):
    with FileServer() as server:
        server.pages["/lora.safetensors"] = Page(BODY, cut=1000)
        with pytest.raises(UnreachableError):
            fetch_file(f"{server.url}/lora.safetensors", tmp_path / "url" / "lora.safetensors", Deadline.after(5))
    assert list((tmp_path / "url").iterdir()) == []
