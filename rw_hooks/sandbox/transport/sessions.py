"""Sessions outlive their connections: frames wait for a lost connection's return, and are then sent again.

A session is known by the ``connectionSessionUUID`` of its first authentication. Frames that come while it has no
connection are kept for the replay window (120 seconds on the real service).
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from threading import RLock
from uuid import uuid4

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.transport.distort import on_wire, stray_frames
from rw_hooks.sandbox.wire import Frame

__all__ = ["Line", "Session", "Sessions"]

Line = Callable[[str | bytes], bool]
"""Sends over a connection; False when that is lost."""


class Session:
    """One client's frames, over however many connections.

    Attributes:
        uuid: The ``connectionSessionUUID``.
    """

    def __init__(self, faults: Faults, replay_window: float) -> None:
        self.uuid = str(uuid4())
        self._faults = faults
        self._window = replay_window
        self._lock = RLock()
        self._line: Line | None = None
        self._hang_up: Callable[[], None] | None = None
        self._waiting: deque[tuple[float, str]] = deque()
        self._held_back: dict[str, Frame] = {}

    def attach(self, line: Line, hang_up: Callable[[], None]) -> None:
        """Use this connection from now on, and send what waited for it."""
        with self._lock:
            self._line, self._hang_up = line, hang_up
            oldest = time.monotonic() - self._window
            waiting, self._waiting = self._waiting, deque()
            for since, text in waiting:
                if since >= oldest:
                    self._send(text)

    def detach(self, line: Line) -> None:
        """Forget this connection, unless another has taken its place."""
        with self._lock:
            if self._line is line:
                self._line = self._hang_up = None

    def deliver(self, frame: Frame) -> None:
        """Send a frame, the way the faults have it."""
        with self._lock:
            for each in self._reordered(frame):
                wire = on_wire(each, self._faults)
                if wire is not None:
                    self._send_with_noise(each, json.dumps(wire))
            dropping = frame.status != "" and frame.status == self._faults.drop_after
            if dropping and self._hang_up is not None and self._faults.take("drop_times"):
                self._hang_up()
                self._line = self._hang_up = None

    def _reordered(self, frame: Frame) -> list[Frame]:
        """Hold back ``downloaded`` and ``stored`` until the frame of the same task that follows."""
        if self._faults.reorder_frames and frame.status in {"downloaded", "stored"}:
            self._held_back[frame.task_uuid] = frame
            return []
        held = self._held_back.pop(frame.task_uuid, None)
        return [frame] if held is None else [frame, held]

    def _send_with_noise(self, frame: Frame, text: str) -> None:
        noisy = frame.status != ""
        if noisy and self._faults.unknown_frames:
            for stray in stray_frames(frame.task_uuid):
                self._send(json.dumps(stray))
        if noisy and self._faults.invalid_json and self._line is not None:
            self._line('{"data": [')
            self._line(b"\x00\xff")
        self._send(text)
        if noisy and self._faults.duplicate_frames:
            self._send(text)

    def _send(self, text: str) -> None:
        if self._line is None or not self._line(text):
            self._waiting.append((time.monotonic(), text))


class Sessions:
    """All sessions of one sandbox."""

    def __init__(self, faults: Faults, replay_window: float) -> None:
        self._faults = faults
        self._window = replay_window
        self._lock = RLock()
        self._known: dict[str, Session] = {}

    def open(self, uuid: str) -> tuple[Session, bool]:
        """Return the session of this UUID and True, or a new one and False."""
        with self._lock:
            known = self._known.get(uuid)
            if known is not None:
                return known, True
            session = Session(self._faults, self._window)
            self._known[session.uuid] = session
            return session, False

    def forget(self) -> None:
        """Lose all sessions, as a restarted server may."""
        with self._lock:
            self._known.clear()
