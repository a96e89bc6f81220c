"""The WebSocket endpoint: authenticate first, then tasks in and frames out, on one connection after another."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import Iterator
from http import HTTPStatus
from threading import Lock, Thread

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.platform import Platform, invalid_key
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.transport.distort import Wire, on_wire, stray_frames
from rw_hooks.sandbox.transport.loopback import HOST
from rw_hooks.sandbox.transport.sessions import Session, Sessions
from rw_hooks.sandbox.wire import RefusalError, Task, tasks_of, text_of
from rw_hooks.sandbox.world import Connection, World

__all__ = ["WsEndpoint"]

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # a client that hangs up is no news
_log.propagate = False


class WsEndpoint:
    """The listening side. It can be stopped and started again on the same port.

    Args:
        platform: Does the tasks.
        settings: Port, key and limits.
        faults: What goes wrong.
        world: Where connections are recorded.

    Attributes:
        port: Where it listens, from the first start on.
        sessions: What survives a connection.
    """

    def __init__(self, platform: Platform, settings: SandboxSettings, faults: Faults, world: World) -> None:
        self.port = settings.ws_port
        self.sessions = Sessions(faults, settings.replay_window)
        self._platform = platform
        self._settings = settings
        self._faults = faults
        self._world = world
        self._lock = Lock()
        self._open: set[ServerConnection] = set()
        self._server: Server | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Listen."""
        # Browsers name their origin, API clients do not: no web page shall drive the sandbox.
        self._server = serve(
            self._serve, HOST, self.port, process_request=self._admit, origins=[None], ping_interval=None,
            max_size=None, logger=_log,
        )  # fmt: skip
        self.port = self._server.socket.getsockname()[1]
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and cut all connections without a closing handshake."""
        if self._server is None or self._thread is None:
            return
        with self._lock:
            for connection in self._open:
                _cut(connection)
        self._server.shutdown()
        self._thread.join()
        self._server = self._thread = None

    def _admit(self, connection: ServerConnection, _request: Request) -> Response | None:
        if self._faults.refuse_websocket == "forbidden":
            return connection.respond(HTTPStatus.FORBIDDEN, "WebSocket connections are not allowed here.\n")
        if self._faults.refuse_websocket == "reset":
            _cut(connection)
        return None

    def _serve(self, connection: ServerConnection) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            tasks = self._tasks(connection)
            session = self._authenticate(connection, next(tasks))
            if session is not None:
                self._converse(connection, session, tasks)
        except (ConnectionClosed, TimeoutError, OSError):
            _log.debug("a connection ended", exc_info=True)
        finally:
            with self._lock:
                self._open.discard(connection)

    def _authenticate(self, connection: ServerConnection, task: Task) -> Session | None:
        """Answer the first task; None when it does not show the right key."""
        if text_of(task, "taskType") != "authentication" or task.get("apiKey") != self._settings.key:
            _send(connection, on_wire(invalid_key(), self._faults))
            return None
        session, resumed = self.sessions.open(text_of(task, "connectionSessionUUID"))
        self._world.requested(task)
        self._world.connected(Connection(session.uuid, resumed))
        if self._faults.stray_frames:
            for stray in stray_frames("N/A"):
                _send(connection, stray)
        reply = {"taskType": "authentication", "connectionSessionUUID": session.uuid}
        if self._faults.no_session_id:
            del reply["connectionSessionUUID"]
        _send(connection, {"data": [reply]})
        return session

    def _converse(self, connection: ServerConnection, session: Session, tasks: Iterator[Task]) -> None:
        def line(text: str | bytes) -> bool:
            with contextlib.suppress(ConnectionClosed):
                connection.send(text)
                return True
            return False

        session.attach(line, lambda: _cut(connection))
        try:
            for task in tasks:
                if self._faults.never_answer != "all":
                    self._platform.handle(task, session.deliver)
        finally:
            session.detach(line)

    def _tasks(self, connection: ServerConnection) -> Iterator[Task]:
        """Yield the tasks of all messages, until the connection ends or is idle for too long."""
        while True:
            message = connection.recv(timeout=self._settings.idle_limit)
            try:
                tasks = tasks_of(message)
            except RefusalError as refusal:
                _send(connection, on_wire(refusal.as_frame({}), self._faults))
                continue
            yield from tasks


def _send(connection: ServerConnection, wire: Wire | None) -> None:
    connection.send(json.dumps(wire))


def _cut(connection: ServerConnection) -> None:
    """End the connection the way a broken network does."""
    with contextlib.suppress(OSError):
        connection.socket.shutdown(socket.SHUT_RDWR)
