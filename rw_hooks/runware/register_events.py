"""What comes over a channel, by the names that the table of :mod:`rw_hooks.runware.register_states` has for it."""

from __future__ import annotations

from dataclasses import dataclass

from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.runware.channel import UNCONNECTED, ChannelEvent, Connected, Finished, Refused
from rw_hooks.runware.errors import is_about_key, kind_of, to_error
from rw_hooks.runware.messages import Accepted, Fault, Status
from rw_hooks.runware.register_states import Event
from rw_hooks.runware.types import Submission

__all__ = ["Happening", "name"]


@dataclass(frozen=True)
class Happening:
    """An event, with what it brought.

    Attributes:
        event: Its name.
        connection: What can be sent on from now.
        status: The status to be kept and told.
        error: What to raise for it, or the trouble.
        wait: Seconds that the platform asks to wait.
    """

    event: Event
    connection: Connected = UNCONNECTED
    status: Status | None = None
    error: RwHooksError | None = None
    wait: float = 0.0


def name(heard: ChannelEvent, submission: Submission, *, doubted: bool) -> Happening:
    """Say what it is that came.

    Args:
        heard: What came.
        submission: What it may be about.
        doubted: Whether the task was sent more than once.
    """
    if isinstance(heard, Status):
        return _status(heard, submission)
    if isinstance(heard, Fault):
        return _fault(heard, submission, in_doubt=doubted or submission.attempt > 1)
    if isinstance(heard, Connected):
        return Happening(_connection(heard, submission), connection=heard)
    if isinstance(heard, Refused):
        return Happening(Event.STOPPED, error=heard.error)
    if isinstance(heard, (Accepted, Finished)):
        return Happening(Event.ACCEPTED if isinstance(heard, Accepted) else Event.DONE)
    return Happening(Event.LOST, error=UnreachableError("connection_lost", f"the connection broke: {heard.reason}"))


def _connection(connected: Connected, submission: Submission) -> Event:
    if submission.sent_at is None or connected.session is None or connected.session != submission.session_uuid:
        return Event.CONNECTED
    return Event.RESUMED


def _status(status: Status, submission: Submission) -> Happening:
    if not status.is_phase or (status.failed and _is_replaced(status.task, submission)):
        return Happening(Event.NO_NEWS)
    if status.failed:
        return _failure(status.status, status.message, status)
    return Happening(Event.READY if status.ready else Event.PHASE, status=status)


def _fault(fault: Fault, submission: Submission, *, in_doubt: bool) -> Happening:
    if _is_replaced(fault.task, submission):
        return Happening(Event.NO_NEWS)
    kind, error = kind_of(fault), to_error(fault)
    if kind == "conflict_task_uuid" or (kind == "model_already_exists" and in_doubt):
        return Happening(Event.KNOWN)
    if kind in {"download_failed", "upload_failed"}:
        return _failure(fault.code, fault.message)
    if error.retryable:
        return Happening(Event.TROUBLE, error=error, wait=fault.retry_after or 0.0)
    return Happening(Event.KEY_REFUSED if is_about_key(fault) else Event.REFUSED, error=error)


def _failure(word: str, message: str, status: Status | None = None) -> Happening:
    """Tell a download that failed, which a fresh URL may help, from all else."""
    download = "download" in f"{word} {message}".lower()
    error = to_error(Fault(code="downloadFailed" if download else "uploadFailed", message=message or word))
    return Happening(Event.DOWNLOAD_FAILED if download else Event.FAILED, status=status, error=error)


def _is_replaced(task: str | None, submission: Submission) -> bool:
    """Whether this is about a taskUUID that a newer one has replaced."""
    return task is not None and task != submission.task_uuid.lower()
