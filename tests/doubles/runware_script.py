"""A Runware that plays a script over real sockets, REST and WebSocket, and writes down all that it was sent.

A script is a list of callables, one for each ``modelUpload`` that arrives (the last one stays), each given the
:class:`Wire` it came by and the task. What is not scripted is answered well.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from rw_hooks.runware import Endpoint, Timings

KEY = "k3y-that-nobody-may-see-0123456789"
PHASES = ("validated", "downloaded", "optimized", "stored", "ready")
# Quick where a test does nothing but wait, patient where a busy machine may be slow.
FAST = Timings(
    backoff_first=0.02,
    backoff_most=0.1,
    fallback_after=2,
    search=0.05,
    poll=0.05,
    poll_most=0.2,
    rest_read=10,
    lookup=10,
)
# For tests of what happens when nothing comes.
IMPATIENT = replace(FAST, answer=0.4, resume_silence=0.25, silence=0.7, rest_read=0.5, lookup=1)

# What the server's library logs at level DEBUG holds the key, as every server sees it.
_silent = logging.Logger("runware_script", level=logging.CRITICAL)  # noqa: LOG001 - kept out of the tree

_PER_SENDING = {"taskUUID", "downloadURL", "deliveryMethod"}

Task = dict[str, Any]
Script = Callable[["Wire", Task], None]


@dataclass(frozen=True)
class Sent:
    """One task as it arrived."""

    transport: str
    connection: int
    task: Task
    at: float = field(default_factory=time.monotonic)

    @property
    def kind(self) -> str:
        return str(self.task.get("taskType"))


@dataclass(frozen=True)
class Said:
    """One item or error as it was sent back."""

    item: Task
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Began:
    """A process that begins, and knows of earlier ones by the ledger alone."""


class Wire:
    """The way back to the client: a WebSocket, or one REST answer in the making."""

    def __init__(self, log: list[Sent | Said | Began], socket: ServerConnection | None = None) -> None:
        self.log = log
        self.socket = socket
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: str | None = None
        self.items: list[Task] = []
        self.errors: list[Task] = []

    def text(self, text: str | bytes) -> None:
        if self.socket is None:
            self.body = str(text)
        else:
            self.socket.send(text)

    def item(self, **item: Any) -> None:
        self.log.append(Said(item))
        if self.socket is None:
            self.items.append(item)
        else:
            self.text(json.dumps({"data": [item]}))

    def error(self, **error: Any) -> None:
        self.log.append(Said({"status": "error", **error}))
        if self.socket is None:
            self.errors.append(error)
        else:
            self.text(json.dumps({"errors": [error]}))

    def phase(self, task: Task, *statuses: str, **more: Any) -> None:
        for status in statuses:
            known = {
                "taskType": "modelUpload",
                "taskUUID": task["taskUUID"],
                "status": status,
                "message": f"is {status}",
            }
            self.item(**{**known, "air": task["air"], **more})

    def drop(self) -> None:
        """Break the connection without a closing handshake."""
        assert self.socket is not None
        self.socket.socket.shutdown(2)

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        shown = {"data": self.items} | ({"errors": self.errors} if self.errors else {})
        return json.dumps(shown).encode()


def says(*statuses: str) -> Script:
    return lambda wire, task: wire.phase(task, *statuses)


def says_then_drops(*statuses: str) -> Script:
    def script(wire: Wire, task: Task) -> None:
        wire.phase(task, *statuses)
        wire.drop()

    return script


def refuses(code: str, **more: Any) -> Script:
    def script(wire: Wire, task: Task) -> None:
        wire.error(**{"code": code, "message": f"because {code}", "taskUUID": task["taskUUID"], **more})

    return script


def answers_status(status: int, **headers: str) -> Script:
    def script(wire: Wire, task: Task) -> None:
        wire.status, wire.headers, wire.body = (
            status,
            {k.replace("_", "-"): v for k, v in headers.items()},
            "<html>no</html>",
        )

    return script


def is_silent(wire: Wire, task: Task) -> None:
    """Say nothing at all."""


class ScriptedRunware:
    """Both endpoints, on loopback.

    Args:
        tls: Speak https and wss with this.

    Attributes:
        log: All tasks that arrived and all that was said, in order, and where a test said that a process began.
        uploads: Scripts for ``modelUpload``.
        others: Scripts by the kind of other tasks.
        resumed: Scripts for a connection that shows a session; the task is the authentication.
        sessions: Whether the answer to the key names a session.
        before_auth: Called with each new connection before its key is answered.
        keeps_sessions: Whether a shown session is resumed, or another one given.
        refuse: The status that a WebSocket handshake ends with, if any.
        models: What ``modelSearch`` finds.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.log: list[Sent | Said | Began] = []
        self.uploads: deque[Script] = deque([says(*PHASES)])
        self.others: dict[str, Script] = {}
        self.resumed: deque[Script] = deque()
        self.sessions = True
        self.keeps_sessions = True
        self.refuse: int | None = None
        self.before_auth: Callable[[Wire], None] | None = None
        self.models: list[Task] = []
        self._lock = threading.Lock()
        self._connections = 0
        self._known: set[str] = set()
        self._tls = tls
        self._ws = serve(
            self._converse, "127.0.0.1", 0, ssl=tls, process_request=self._handshake, ping_interval=None, logger=_silent
        )
        self._rest = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._rest.socket = tls.wrap_socket(self._rest.socket, server_side=True)
        self._rest.daemon_threads = True
        self._threads = [
            threading.Thread(target=self._ws.serve_forever),
            threading.Thread(target=self._rest.serve_forever, args=(0.02,)),
        ]

    def __enter__(self) -> ScriptedRunware:  # noqa: PYI034 - typing.Self comes with Python 3.11
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ws.shutdown()
        self._rest.shutdown()
        self._rest.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def endpoint(self) -> Endpoint:
        rest, ws = self._rest.server_address[1], self._ws.socket.getsockname()[1]
        s = "" if self._tls is None else "s"
        return Endpoint(f"http{s}://127.0.0.1:{rest}/v1", f"ws{s}://127.0.0.1:{ws}/v1", SecretStr(KEY))

    @property
    def sent(self) -> list[Sent]:
        return [entry for entry in list(self.log) if isinstance(entry, Sent)]

    def sent_of(self, kind: str) -> list[Task]:
        return [sent.task for sent in self.sent if sent.kind == kind]

    @property
    def task_uuids(self) -> list[str]:
        """The taskUUIDs of all uploads sent, in order."""
        return [task["taskUUID"] for task in self.sent_of("modelUpload")]

    def audit(self, timings: Timings) -> None:
        """Require that the protocol allowed every new taskUUID, and that every old one kept its task."""
        contents: dict[str, Task] = {}
        latest: dict[str, int] = {}
        left_behind: set[str] = set()
        for index, entry in enumerate(self.log):
            if isinstance(entry, Began):
                left_behind.update(contents)
            if not isinstance(entry, Sent) or entry.kind != "modelUpload":
                continue
            task, air = entry.task["taskUUID"], entry.task["air"]
            content = {name: value for name, value in entry.task.items() if name not in _PER_SENDING}
            assert contents.setdefault(task, content) == content
            since = self.log[latest.get(air, index) : index]
            latest[air] = index
            if since and isinstance(since[0], Sent):
                before = since[0].task["taskUUID"]
                same = before == task or contents[before] != content
                returns = before in left_behind and entry.at - since[0].at >= timings.resume_silence
                reason = same or returns or self._reason(since[0].task, since, entry.at, timings)
                assert reason, f"{task} replaces {before}: why?"

    @staticmethod
    def _reason(task: Task, since: list[Sent | Said | Began], now: float, timings: Timings) -> str:
        said = [entry for entry in since if isinstance(entry, Said)]
        about = [entry for entry in said if entry.item.get("taskUUID") in {task["taskUUID"], "N/A", None}]
        if any("error" in str(entry.item.get("status")) or entry.item.get("status") == "failed" for entry in about):
            return "ended"
        if any(model.get("air") == task["air"] for entry in said for model in entry.item.get("results", ())):
            return "listed"
        heard = [entry.at for entry in about if entry.item.get("status") not in {None, "processing", "success"}]
        heard.append(since[0].at)
        resumed = [entry.at for entry in since if isinstance(entry, Sent) and "connectionSessionUUID" in entry.task]
        if resumed and now - max(*heard, *resumed) >= timings.resume_silence:
            return "silent after resuming"
        return "silent" if now - max(heard) >= timings.silence else ""

    def _handshake(self, _: ServerConnection, __: Request) -> Response | None:
        return None if self.refuse is None else Response(self.refuse, "no", Headers(), b"no")

    def _converse(self, socket: ServerConnection) -> None:
        wire = Wire(self.log, socket)
        with self._lock:
            self._connections += 1
            connection = self._connections
        try:
            for text in socket:
                for task in json.loads(text):
                    self._take(wire, task, "ws", connection)
        except (ConnectionClosed, OSError):
            return

    def _take(self, wire: Wire, task: Task, transport: str, connection: int) -> None:
        self.log.append(Sent(transport, connection, task))
        kind = task["taskType"]
        if kind == "modelUpload":
            self._next(self.uploads)(wire, task)
        elif kind in self.others:
            self.others[kind](wire, task)
        elif kind == "authentication":
            self._authenticate(wire, task)
        elif kind == "ping":
            wire.item(taskType="ping", pong=True)
        elif kind == "modelSearch":
            self._search(wire, task)
        elif kind == "getResponse":
            wire.item(taskType="modelUpload", taskUUID=task["taskUUID"], status="processing")
        elif kind == "accountManagement":
            wire.item(taskType=kind, taskUUID=task["taskUUID"], AIRSource="myorg", balance=3.5, organizationName="Org")

    def _authenticate(self, wire: Wire, task: Task) -> None:
        if self.before_auth is not None:
            self.before_auth(wire)
        if task["apiKey"] != KEY:
            wire.error(code="invalidApiKey", message="Invalid API key.", parameter="apiKey", taskType="authentication")
            return
        shown = task.get("connectionSessionUUID")
        session = shown if shown and self.keeps_sessions else str(uuid4())
        more = {"connectionSessionUUID": session} if self.sessions else {}
        wire.item(taskType="authentication", **more)
        if shown and self.resumed:
            self.resumed.popleft()(wire, task)

    def _search(self, wire: Wire, task: Task) -> None:
        found = self.models[task["offset"] : task["offset"] + task["limit"]]
        wire.item(taskType="modelSearch", taskUUID=task["taskUUID"], results=found, totalResults=len(self.models))

    def _next(self, scripts: deque[Script]) -> Script:
        with self._lock:
            return scripts.popleft() if len(scripts) > 1 else scripts[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                wire = Wire(server.log)
                if self.headers["Authorization"] == f"Bearer {KEY}":
                    for task in json.loads(body):
                        server._take(wire, task, "rest", 0)
                else:
                    wire.status = 401
                    wire.error(code="invalidApiKey", message="Invalid API key.", taskType="authentication")
                answer = wire.answer()
                self.send_response(wire.status)
                for name, value in wire.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        return Handler
