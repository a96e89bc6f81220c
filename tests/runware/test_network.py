"""Certificates, proxies, and replies no platform should send."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from rw_hooks.errors import RefusedError, UnreachableError, UsageError
from rw_hooks.runware import Endpoint, RunwareClient
from rw_hooks.runware.messages import Fault
from rw_hooks.runware.rest_api import RestApi
from rw_hooks.support.deadline import Deadline
from tests.doubles.runware_script import FAST, IMPATIENT, ScriptedRunware, says
from tests.runware.helpers import register, script, upload

TLS = Path(__file__).parents[1] / "data" / "tls"


class ConnectProxy:
    """A proxy that takes CONNECT requests, with a password, and writes them down."""

    def __init__(self):
        self.seen = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)

    @property
    def url(self):
        return f"http://user:pr0xy-pass@127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._tunnel, args=(client,)).start()

    def _tunnel(self, client):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += client.recv(1024)
        self.seen.append(request.decode())
        host, port = request.split()[1].decode().split(":")
        with client, socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(server, client))
            back.start()
            self._pump(client, server)
            back.join()

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy():
    with ConnectProxy() as running:
        yield running


def test_the_websocket_goes_through_the_proxy_of_the_environment(runware, proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy.url)
    with RunwareClient(runware.endpoint, transport="ws", timings=FAST) as client:
        register(client)
    assert proxy.seen[0].startswith("CONNECT 127.0.0.1:")
    assert base64.b64encode(b"user:pr0xy-pass").decode() in proxy.seen[0]


def test_no_proxy_holds_for_the_websocket(runware, proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with RunwareClient(runware.endpoint, transport="ws", timings=FAST) as client:
        register(client)
    assert not proxy.seen


def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(runware, monkeypatch):
    monkeypatch.setenv("https_proxy", "socks9://user:pr0xy-pass@127.0.0.1:1")
    with pytest.raises(UsageError, match="settings") as caught:
        RunwareClient(runware.endpoint)
    assert "pr0xy-pass" not in str(caught.value)


@pytest.fixture
def secured():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key.pem")
    with ScriptedRunware(context) as server:
        yield server


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_ssl_cert_file_holds_for_both_transports(secured, transport):
    with RunwareClient(secured.endpoint, transport=transport, timings=FAST) as client:
        assert register(client).transport == transport


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secured, transport, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with (
        RunwareClient(secured.endpoint, transport=transport, timings=FAST) as client,
        pytest.raises(UnreachableError),
    ):
        register(client, seconds=0.5)
    assert not secured.sent


def test_a_websocket_frame_beyond_all_bounds_breaks_the_connection_and_not_the_upload(runware):
    def floods(wire, task):
        wire.phase(task, "validated")
        wire.text('{"data": "' + "x" * (17 * 1024 * 1024) + '"}')

    script(runware, floods, says("ready"))
    with RunwareClient(runware.endpoint, transport="ws", timings=IMPATIENT) as client:
        register(client)


class OddServer:
    """Answers every HTTP request with the same bytes, one piece after another."""

    def __init__(self, *pieces, pause=0.0):
        self._pieces = pieces
        self._pause = pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.endpoint = Endpoint(f"http://127.0.0.1:{self._listener.getsockname()[1]}/", "ws://h/", SecretStr("k"))

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._answer, args=(connection,)))
                self._threads[-1].start()

    def _answer(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            for piece in self._pieces:
                connection.sendall(piece)
                time.sleep(self._pause)


def ask(server, seconds=1.0):
    api = RestApi(server.endpoint, replace(FAST, rest_read=seconds))
    try:
        return api.post({"taskType": "ping"}, Deadline.after(10))
    finally:
        api.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def test_a_reply_beyond_all_bounds_is_not_read_to_its_end():
    with OddServer(HEAD, *[b" " * 1024 * 1024] * 40) as server:
        (fault,) = ask(server, 10)
    assert fault.code == "unreadableReply"


def test_a_reply_that_drips_for_ever_is_cut_off():
    with OddServer(HEAD, *[b" "] * 100, pause=0.05) as server:
        started = time.monotonic()
        (fault,) = ask(server, 0.5)
    assert isinstance(fault, Fault)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    "pieces", [(b"",), (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",), (b"garbage\r\n\r\n",)]
)
def test_a_connection_that_breaks_is_a_fault(pieces):
    with OddServer(*pieces) as server:
        (fault,) = ask(server)
    assert fault.code == "connectionFailed"


@pytest.mark.parametrize(
    ("rest", "ws", "variable"),
    [
        ("ftp://h/", "wss://h/", "RUNWARE_API_URL"),
        ("https://", "wss://h/", "RUNWARE_API_URL"),
        ("https://h/", "https://h/", "RUNWARE_WS_URL"),
        ("https://h/", "wss://h:99999/", "RUNWARE_WS_URL"),
        ("https://[h/", "wss://h/", "RUNWARE_API_URL"),
    ],
)
def test_an_address_that_is_none_is_refused_at_once(rest, ws, variable):
    with pytest.raises(UsageError, match=variable):
        Endpoint(rest, ws, SecretStr("k"))


def test_the_fingerprint_tells_keys_apart_and_not_what_they_are():
    one, two = (Endpoint("https://h/", "wss://h/", SecretStr(key)) for key in ("one", "two"))
    assert one.fingerprint == "7692c3ad3540bb80"
    assert two.fingerprint != one.fingerprint


def test_nothing_shows_a_secret(runware, caplog, capsys):
    """The platform echoes all it was sent, in statuses and errors, over both transports, at level DEBUG."""
    caplog.set_level("DEBUG")

    def echoes(wire, task):
        wire.phase(task, "validated", message=f"fetching {task['downloadURL']} for k3y-that-nobody-may-see-0123456789")
        wire.error(
            code="invalidUrl", message=json.dumps(task), taskUUID=task["taskUUID"], parameter=task["downloadURL"]
        )

    script(runware, echoes)
    shown = []
    for transport in ("ws", "rest"):
        with RunwareClient(runware.endpoint, transport=transport, timings=FAST) as client:
            with pytest.raises(RefusedError) as caught:
                register(client, upload(webhookURL="https://h.example/?token=nobody-may-see"), on_phase=shown.append)
            shown += [repr(client.endpoint), repr(caught.value), caught.value.as_json(), vars(caught.value)]
            shown += [caught.value.__cause__, caught.value.__context__]
    output = capsys.readouterr()
    assert "nobody-may-see" not in str(shown) + caplog.text + output.out + output.err
    assert "fetching https://cdn.example/maya.safetensors" in str(shown)
