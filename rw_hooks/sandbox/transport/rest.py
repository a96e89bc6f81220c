"""One REST call: authenticate, do each task, and wait for an upload as long as the mode says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from queue import Empty, Queue
from threading import Event

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.platform import Platform, invalid_key
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.transport.distort import Wire, on_wire
from rw_hooks.sandbox.uploads import is_terminal
from rw_hooks.sandbox.wire import Frame, RefusalError, Task, list_of, tasks_of, text_of
from rw_hooks.support.deadline import Deadline

__all__ = ["Reply", "Rest"]

_POLL_SECONDS = 0.05
_STATUS_OF = {
    "invalidApiKey": HTTPStatus.UNAUTHORIZED,
    "insufficientCredits": HTTPStatus.PAYMENT_REQUIRED,
    "insufficientPermissions": HTTPStatus.FORBIDDEN,
}


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    status: int
    body: Mapping[str, object]


class Rest:
    """Answers REST calls.

    Args:
        platform: Does the tasks.
        settings: Key and waiting.
        faults: What goes wrong.
        closing: Set when waiting must end.
    """

    def __init__(self, platform: Platform, settings: SandboxSettings, faults: Faults, closing: Event) -> None:
        self._platform = platform
        self._settings = settings
        self._faults = faults
        self._closing = closing

    def answer(self, body: bytes, authorization: str | None) -> Reply | None:
        """Return the reply, or None when the call stays without one."""
        try:
            tasks = tasks_of(body)
        except RefusalError as refusal:
            return self._reply([refusal.as_frame({})])
        key = (authorization or "").removeprefix("Bearer ")
        if tasks and text_of(tasks[0], "taskType") == "authentication":
            key = text_of(tasks.pop(0), "apiKey")
        if key != self._settings.key:
            return self._reply([invalid_key()])
        frames: list[Frame] = []
        for task in tasks:
            arrived: Queue[Frame] = Queue()
            if self._faults.never_answer == "all" or not self._platform.handle(task, arrived.put):
                self._keep_waiting()
                return None
            frame = self._await(task, arrived)
            if frame is None:
                return Reply(self._settings.rest_timeout_status, {})
            frames.append(frame)
        return self._reply(frames)

    def _keep_waiting(self) -> None:
        """Let the caller wait, if that is the fault; the connection is closed after it."""
        if self._faults.never_answer != "no":
            self._closing.wait(self._settings.rest_hold)

    def _await(self, task: Task, arrived: Queue[Frame]) -> Frame | None:
        """Return the frame that answers a task; None when the call timed out."""
        until = Deadline.after(self._settings.rest_hold)
        mode = self._mode(task)
        while not until.passed and not self._closing.is_set():
            frame = _next(arrived)
            if frame is not None and self._answers(frame, mode):
                return frame
            if mode == "ack":
                return Frame({"taskType": task["taskType"], "taskUUID": task["taskUUID"]})
        return None

    def _answers(self, frame: Frame, mode: str) -> bool:
        if frame.status in self._faults.skip_phases:
            return False
        return bool(frame.errors) or mode == "first_status" or is_terminal(frame.status)

    def _mode(self, task: Task) -> str:
        if text_of(task, "taskType") != "modelUpload":
            return "first_status"
        founding = {"async": "ack", "sync": "hold_until_timeout"}
        return founding.get(text_of(task, "deliveryMethod"), self._settings.rest_mode)

    def _reply(self, frames: list[Frame]) -> Reply:
        """Join the frames of all tasks: 200 as soon as one succeeded, else the status of the first error."""
        body: Wire = {}
        for frame in frames:
            for name, value in (on_wire(frame, self._faults) or {}).items():
                values = list_of(value)
                body[name] = [*list_of(body.get(name)), *values] if values else value
        return Reply(_http_status(frames), body)


def _http_status(frames: list[Frame]) -> int:
    codes = [text_of(error, "code") for frame in frames for error in frame.errors]
    if not codes or any(frame.item for frame in frames):
        return HTTPStatus.OK
    return _STATUS_OF.get(codes[0], HTTPStatus.BAD_REQUEST)


def _next(arrived: Queue[Frame]) -> Frame | None:
    try:
        return arrived.get(timeout=_POLL_SECONDS)
    except Empty:
        return None
