"""One WebSocket connection that carries all uploads of one endpoint and key.

A thread of its own connects, authenticates, reads, pings and reconnects; each upload has a mailbox, and what comes is
put into the mailbox of its taskUUID. The session's UUID is shown again when reconnecting, so that the platform replays
what was said meanwhile. Only one submission at a time is without an answer: an error that names no task is its.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Literal

from pydantic import SecretStr
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.runware.channel import ChannelEvent, Connected, Lost, Refused, Unavailable
from rw_hooks.runware.errors import is_about_key, to_error
from rw_hooks.runware.messages import Accepted, Authenticated, Event, Fault, Status, parse
from rw_hooks.runware.rest_api import backoff
from rw_hooks.runware.types import Endpoint, Submission, Timings
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.http import tls_context

__all__ = ["Link", "Mailbox"]

_FRAME_MOST = 16 * 1024 * 1024
_MAIL_MOST = 1_000
_UNCLAIMED_MOST = 500
_CLOSE_SECONDS = 2.0
_A_MOMENT = 0.5
_PING = json.dumps([{"taskType": "ping", "ping": True}])

_log = logging.getLogger("rw_hooks.runware")

# websockets logs whole frames at level DEBUG, the one with the key among them; this logger has no way out.
_silent = logging.Logger("rw_hooks.runware.messages", level=logging.CRITICAL)  # noqa: LOG001 - kept out of the tree
_silent.addHandler(logging.NullHandler())


class _ConnectionFailedError(Exception):
    """This connection came to nothing; the next may."""


class _KeyRefusedError(Exception):
    """No connection with this key will do."""

    def __init__(self, error: RwHooksError) -> None:
        super().__init__(error.message)
        self.error = error


class Mailbox:
    """One upload's part of the connection; a :class:`~rw_hooks.runware.channel.Channel`.

    Attributes:
        air: The upload's AIR, by which a status that names no task finds it.
        tasks: The taskUUIDs it follows, in lower case.
        deadline: When all is over for it.
    """

    transport: Literal["ws"] = "ws"

    def __init__(self, link: Link, air: str, task_uuid: str, deadline: Deadline) -> None:
        self.air = air
        self.tasks = {task_uuid.lower()}
        self.deadline = deadline
        self._link = link
        self._mail: queue.Queue[ChannelEvent] = queue.Queue(_MAIL_MOST)

    def put(self, event: ChannelEvent) -> None:
        """Add what came. A reader that is a thousand events behind finds out by itself what it missed."""
        try:
            self._mail.put_nowait(event)
        except queue.Full:
            _log.warning("too many messages for %s; one was dropped", self.air)

    def next(self, seconds: float) -> ChannelEvent | None:
        """Return what comes within this time, or None."""
        try:
            return self._mail.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None

    def send(self, payload: SecretStr, connection: int) -> bool:
        """Send a task on the connection of this number, when no other waits for its answer."""
        return self._link.send(self, payload, connection)

    def follow(self, task_uuid: str) -> None:
        """Take what comes for this task too."""
        self.tasks.add(task_uuid.lower())


class Link:
    """The connection of one endpoint and key. It opens with the first upload and stays until :meth:`close`.

    Args:
        endpoint: Where it is, and the key.
        timings: How long to wait for what.
    """

    def __init__(self, endpoint: Endpoint, timings: Timings) -> None:
        self._endpoint = endpoint
        self._timings = timings
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._socket: ClientConnection | None = None
        self._number = 0
        self._session: str | None = None
        self._failures = 0
        self._refused: RwHooksError | None = None
        self._boxes: list[Mailbox] = []
        self._unclaimed: deque[Status | Fault | Accepted] = deque(maxlen=_UNCLAIMED_MOST)
        self._unanswered: tuple[Mailbox, Deadline] | None = None

    @contextmanager
    def open(self, air: str, submission: Submission, deadline: Deadline) -> Generator[Mailbox]:
        """Yield a mailbox for one upload.

        Args:
            air: Its AIR.
            submission: Its task, and the session to be resumed if there is no connection yet.
            deadline: When all is over for it.
        """
        box = Mailbox(self, air, submission.task_uuid, deadline)
        with self._changed:
            self._attach(box, submission.session_uuid)
        try:
            yield box
        finally:
            with self._changed:
                self._boxes.remove(box)
                self._answered(box)

    def send(self, box: Mailbox, payload: SecretStr, connection: int) -> bool:
        """Send for a mailbox; waits while another's submission has no answer yet.

        Returns:
            False when that connection was gone before. One that breaks while it is sent may have carried it.
        """
        with self._changed:
            while self._is_held_up(box, connection):
                self._changed.wait(_A_MOMENT)
            socket = self._socket
            if socket is None or self._number != connection or box.deadline.passed:
                return False
            self._unanswered = (box, Deadline.after(self._timings.answer))
        with suppress(WebSocketException, OSError):  # the reader finds it broken too, and says so
            socket.send(payload.get_secret_value())
        return True

    def close(self) -> None:
        """Close the connection, and wait for the thread as long as closing may take."""
        self._closing.set()
        closed = UnreachableError(
            "client_closed", "the Runware client was closed", hint="run 'rw-hooks resume' to continue"
        )
        with self._changed:
            socket, thread = self._socket, self._thread
            self._refuse(closed)
        if socket is not None:
            socket.close()
        if thread is not None:
            thread.join(_CLOSE_SECONDS + 1)

    def _is_held_up(self, box: Mailbox, connection: int) -> bool:
        """Whether this connection's last submission is another's and has no answer yet."""
        if self._socket is None or self._number != connection or box.deadline.passed or self._unanswered is None:
            return False
        holder, limit = self._unanswered
        return holder is not box and not limit.passed

    def _attach(self, box: Mailbox, session: str | None) -> None:
        self._boxes.append(box)
        if self._refused is not None:
            box.put(Refused(self._refused))
            return
        if self._socket is not None:
            box.put(Connected(self._number, self._session))
        for event in [event for event in self._unclaimed if event.task in box.tasks]:
            self._unclaimed.remove(event)
            box.put(event)
        if self._thread is None:
            self._session = session or self._session
            self._thread = threading.Thread(target=self._run, name="rw-hooks-runware", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        drops = 0
        while self._is_wanted():
            started = time.monotonic()
            try:
                self._converse()
            except _KeyRefusedError as refused:
                self._stop(refused.error)
                return
            except Exception as error:  # noqa: BLE001 - whatever breaks a connection, the next one may hold
                has_lasted = time.monotonic() - started > self._timings.backoff_most
                self._broken(error, has_lasted=has_lasted)
                drops = 1 if has_lasted else drops + 1
            self._closing.wait(backoff(drops, self._timings))

    def _is_wanted(self) -> bool:
        with self._changed:
            if self._boxes and not self._closing.is_set():
                return True
            self._thread = None
            return False

    def _converse(self) -> None:
        url = self._endpoint.ws_url
        with connect(
            url,
            ssl=tls_context() if url.startswith("wss:") else None,
            open_timeout=self._timings.connect,
            close_timeout=_CLOSE_SECONDS,
            ping_interval=None,  # the platform's own ping, below, is the one that keeps it awake
            max_size=_FRAME_MOST,
            logger=_silent,
        ) as socket:
            self._established(socket, self._authenticate(socket))
            self._read(socket)

    def _authenticate(self, socket: ClientConnection) -> str | None:
        with self._changed:
            shown = self._session
        task = {"taskType": "authentication", "apiKey": self._endpoint.key.get_secret_value()}
        socket.send(json.dumps([task if shown is None else {**task, "connectionSessionUUID": shown}]))
        limit = Deadline.after(self._timings.authenticate)
        while True:
            events = self._events(socket.recv(timeout=limit.left))
            answer = next((event for event in events if isinstance(event, Authenticated)), None)
            for event in events:
                if answer is None and isinstance(event, Fault) and event.task is None and _is_denial(event):
                    self._denied(event, shown)
                self._route(event)
            if answer is not None:
                return answer.session

    def _denied(self, fault: Fault, shown: str | None) -> None:
        """Give up for good when the key is refused; another refusal may be of the session, which is then forgotten."""
        error = to_error(fault)
        with self._changed:
            self._session = None
        if is_about_key(fault) or (shown is None and not error.retryable):
            raise _KeyRefusedError(error)
        raise _ConnectionFailedError(error.message)

    def _established(self, socket: ClientConnection, session: str | None) -> None:
        with self._changed:
            self._socket, self._session = socket, session
            self._number += 1
            for box in self._boxes:
                box.put(Connected(self._number, session))
            if self._closing.is_set():
                raise _ConnectionFailedError("closing")

    def _read(self, socket: ClientConnection) -> None:
        heard = pinged = time.monotonic()
        while True:
            now = time.monotonic()
            if now - heard >= self._timings.dead:
                raise _ConnectionFailedError("Runware sent nothing, not even an answer to a ping")
            if now - pinged >= self._timings.ping:
                socket.send(_PING)
                pinged = now
            try:
                text = socket.recv(timeout=min(pinged + self._timings.ping, heard + self._timings.dead) - now)
            except TimeoutError:
                continue
            heard = time.monotonic()
            for event in self._events(text):
                self._route(event)

    def _events(self, text: str | bytes) -> tuple[Event, ...]:
        raw = text.encode() if isinstance(text, str) else text
        events = parse(raw.replace(self._endpoint.key.get_secret_value().encode(), b"[removed]"))
        if events is None:
            _log.info("a message that is not JSON was ignored (%d bytes)", len(raw))
        return events or ()

    def _route(self, event: Event) -> None:
        if not isinstance(event, (Status, Fault, Accepted)):
            return
        if isinstance(event, Fault) and event.task is None and _is_about_connection(event):
            error = to_error(event)
            raise _ConnectionFailedError(error.message) if error.retryable else _KeyRefusedError(error)
        with self._changed:
            box = self._owner(event)
            if box is not None:
                self._failures = 0
                self._answered(box)
                box.put(event)
            elif event.task is not None:
                self._unclaimed.append(event)
            else:
                _log.warning("Runware sent a message that belongs to no upload: %s", event)

    def _owner(self, event: Status | Fault | Accepted) -> Mailbox | None:
        if event.task is not None:
            return next((box for box in self._boxes if event.task in box.tasks), None)
        if isinstance(event, Status):
            boxes = [box for box in self._boxes if box.air == event.air]
        elif self._unanswered is not None:
            boxes = [self._unanswered[0]]
        else:
            boxes = self._boxes
        return boxes[0] if len(boxes) == 1 else None

    def _answered(self, box: Mailbox) -> None:
        if self._unanswered is not None and self._unanswered[0] is box:
            self._unanswered = None
            self._changed.notify_all()

    def _broken(self, error: Exception, *, has_lasted: bool) -> None:
        """Tell all uploads; a connection that broke before it was of use to one counts as none."""
        reason = _reason(error)
        with self._changed:
            self._failures = 0 if has_lasted and self._socket is not None else self._failures + 1
            unavailable = self._failures >= self._timings.fallback_after
            event: ChannelEvent = Unavailable(reason) if unavailable else Lost(reason)
            self._socket = None
            for box in self._boxes:
                box.put(event)
            self._changed.notify_all()
        _log.info("the WebSocket connection to Runware broke: %s", reason)

    def _stop(self, error: RwHooksError) -> None:
        with self._changed:
            self._socket, self._thread = None, None
            self._refuse(error)

    def _refuse(self, error: RwHooksError) -> None:
        """End all uploads with this error, and those to come."""
        self._refused = error
        for box in self._boxes:
            box.put(Refused(error))
        self._changed.notify_all()


def _reason(error: Exception) -> str:
    """Say why a connection broke, in words that hold no secret (a proxy's address may)."""
    if isinstance(error, _ConnectionFailedError):
        return str(error)
    if isinstance(error, InvalidStatus):
        return f"the handshake was answered with HTTP status {error.response.status_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _is_denial(fault: Fault) -> bool:
    return fault.task_type in {"", "authentication"} or is_about_key(fault)


def _is_about_connection(fault: Fault) -> bool:
    return fault.task_type == "authentication" or (fault.task_type == "" and is_about_key(fault))
