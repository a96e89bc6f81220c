"""From a request to ``ready``, through every doubt.

What is sent is in the ledger before it is sent. While the connection holds, the platform's statuses are followed. In
doubt (a lost connection, a restart, a silence) the order is: resume the session; else send again with the SAME
taskUUID, where ``conflictTaskUUID`` means "already accepted"; then look for the AIR with ``modelSearch``. Only when it
is listed, or after a silence, or when the platform itself ended the task, does a NEW taskUUID follow, with the same AIR
and ``uniqueIdentifier``, which makes it idempotent.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from uuid import uuid4

from pydantic import SecretStr

from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.runware.channel import Channel, ChannelEvent, Connected, Finished, Lost, Refused, Unavailable
from rw_hooks.runware.errors import is_about_key, kind_of, to_error
from rw_hooks.runware.messages import Accepted, Fault, Status
from rw_hooks.runware.model_upload import ModelUpload
from rw_hooks.runware.rest_api import backoff
from rw_hooks.runware.types import Ledger, Phase, Registration, Submission, Timings
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach

__all__ = ["Mint", "Order", "Register", "WebSocketUnavailableError"]

Mint = Callable[[], SecretStr]

_REMINTS_MOST = 2
_GROWTH = 1.5
_NEVER = float("inf")

_log = logging.getLogger("rw_hooks.runware")


class WebSocketUnavailableError(Exception):
    """WebSocket cannot be had; the upload can go on over REST."""


@dataclass
class _Watch:
    """When to act if nothing is heard; moments on the monotonic clock.

    Attributes:
        silence: When the silence has lasted long enough.
        look: When to look for the AIR.
        again: When to send the same task again after passing trouble.
    """

    silence: float = _NEVER
    look: float = _NEVER
    again: float = _NEVER

    @property
    def next(self) -> float:
        """Seconds until the first of them."""
        return max(0.0, min(self.silence, self.look, self.again) - time.monotonic())


@dataclass(frozen=True)
class Order:
    """What is to be registered, and the way back to whoever wants it.

    Attributes:
        upload: The request.
        ledger: Where the submission is kept.
        mint: Returns a URL that the platform can fetch now.
        on_phase: Called with each phase once, after it is in the ledger.
        is_listed: Whether ``modelSearch`` shows the AIR.
        deadline: When all is over.
    """

    upload: ModelUpload
    ledger: Ledger
    mint: Mint
    on_phase: Callable[[Phase], None]
    is_listed: Callable[[], bool]
    deadline: Deadline


class Register:
    """One upload on its way; survives the change of the channel.

    Args:
        order: What is to be registered.
        timings: How long to wait for what.
    """

    def __init__(self, order: Order, timings: Timings) -> None:
        self._order = order
        self._deadline = order.deadline
        self._timings = timings
        self._url: SecretStr | None = None
        self._remints = 0
        self._troubles = 0
        self._trouble: RwHooksError | None = None
        self._connection = 0
        self._session: str | None = None
        self._resumed = False
        self._doubted = False
        self._asked_again = False
        self._look_every = timings.search
        self._renew_every = 0.0
        self._renewable_at = 0.0
        self._watch = _Watch()
        self.submission = self._begin()

    def run(self, channel: Channel, *, give_up: bool) -> Registration:
        """Follow the upload to its end.

        Args:
            channel: What carries it.
            give_up: Whether to leave a channel that cannot connect.

        Raises:
            WebSocketUnavailableError: The channel cannot connect, and was to be left then.
            RefusedError: The platform said no, or the upload failed there.
            UnreachableError: The deadline passed; what was sent goes on there.
        """
        self._connection, self._watch = 0, _Watch()
        ready = next((phase for phase in self.submission.phases if _as_status(phase).ready), None)
        while ready is None and not self._deadline.passed:
            event = channel.next(min(self._watch.next, self._deadline.left))
            if isinstance(event, Unavailable) and give_up:
                raise WebSocketUnavailableError(event.reason)
            ready = self._take(channel, event)
            if ready is None and self._connection and self._watch.next <= 0.0:
                self._act(channel)
        if ready is None:
            raise self._not_confirmed()
        return Registration(
            air=ready.air or str(self._order.upload.air), phases=self.submission.phases, transport=channel.transport
        )

    def _begin(self) -> Submission:
        """Go on with the submission in the ledger when it is of this very request."""
        digest = self._order.upload.digest()
        known = self._order.ledger.load()
        if known is not None and known.request_digest == digest:
            return known
        fresh = Submission(task_uuid=str(uuid4()), request_digest=digest)
        self._order.ledger.save(fresh)
        return fresh

    def _take(self, channel: Channel, event: ChannelEvent | None) -> Phase | None:
        """Take in one event; return the phase that ends it well."""
        if isinstance(event, Status):
            return self._heard(channel, event)
        if isinstance(event, Fault):
            self._faulted(channel, event)
        elif isinstance(event, Accepted):
            self._accepted(channel)
        elif isinstance(event, Connected):
            self._connected(channel, event)
        elif isinstance(event, Finished):
            self._watch.look = 0.0
        elif isinstance(event, Refused):
            raise event.error
        elif isinstance(event, (Lost, Unavailable)):
            self._connection, self._watch = 0, _Watch()
            self._trouble = UnreachableError("connection_lost", f"the connection broke: {event.reason}")
        return None

    def _connected(self, channel: Channel, event: Connected) -> None:
        self._connection, self._session, self._trouble = event.number, event.session, None
        self._resumed = event.session is not None and event.session == self.submission.session_uuid
        if self._resumed and self.submission.sent_at is not None:
            self._watch = _Watch(silence=_in(self._timings.resume_silence))
        else:
            self._send(channel)

    def _send(self, channel: Channel) -> None:
        """Send the submission as it stands in the ledger.

        That it was sent is written down before, because a channel may hold the call until the platform has answered.
        """
        payload, before = self._payload(), self.submission
        self._doubted = self._doubted or before.sent_at is not None
        self._keep(session_uuid=self._session, sent_at=_now())
        reach("register.before_send")
        sent = channel.send(payload, self._connection)
        reach("register.after_send")
        if sent:
            self._wait_for_word()
            return
        self._keep(session_uuid=before.session_uuid, sent_at=before.sent_at)
        self._connection, self._watch = 0, _Watch()

    def _payload(self) -> SecretStr:
        if self._url is None:
            self._url = self._order.mint()
        task = self._order.upload.wire(self.submission.task_uuid, self._url.get_secret_value())
        if self.submission.attempt > 1 and "deliveryMethod" in task:
            task["deliveryMethod"] = "sync"  # a model that is there answers at once; async would only acknowledge
        return SecretStr(json.dumps([task]))

    def _wait_for_word(self) -> None:
        """Wait for an answer, or for the next status of what is accepted."""
        unanswered = not self.submission.accepted and not self._asked_again
        self._watch = _Watch(silence=_in(self._timings.answer if unanswered else self._timings.silence))

    def _renew(self, channel: Channel, reason: str) -> None:
        """Send with a NEW taskUUID; only for a reason that the protocol names."""
        _log.info("%s: a new taskUUID, because %s", self._order.upload.air, reason)
        self._replace(self.submission.phases)
        channel.follow(self.submission.task_uuid)
        self._send(channel)

    def _replace(self, phases: tuple[Phase, ...]) -> None:
        self.submission = Submission(
            task_uuid=str(uuid4()),
            request_digest=self.submission.request_digest,
            attempt=self.submission.attempt + 1,
            phases=phases,
        )
        self._asked_again = False
        self._order.ledger.save(self.submission)

    def _keep(self, **changes: object) -> None:
        changed = self.submission.model_copy(update=changes)
        if changed != self.submission:
            self.submission = changed
            self._order.ledger.save(changed)

    def _heard(self, channel: Channel, status: Status) -> Phase | None:
        if not status.is_phase or (status.failed and self._is_stale(status.task)):
            return None
        phase = Phase(status=status.status, message=status.message, at=_now(), air=status.air)
        if all(phase.status != known.status for known in self.submission.phases):
            self._keep(phases=(*self.submission.phases, phase), accepted=True)
            self._order.on_phase(phase)
        if status.failed:
            self._failed(channel, status.status, status.message)
        elif not status.ready:
            self._accepted(channel)
        return phase if status.ready else None

    def _accepted(self, channel: Channel) -> None:
        self._keep(accepted=True)
        self._troubles, self._trouble = 0, None
        self._wait_for_word()
        if channel.transport == "rest":
            self._watch.look = _in(self._look_every)

    def _faulted(self, channel: Channel, fault: Fault) -> None:
        if self._is_stale(fault.task):
            return
        kind, error = kind_of(fault), to_error(fault)
        in_doubt = self._doubted or self.submission.attempt > 1
        if kind == "conflict_task_uuid" or (kind == "model_already_exists" and in_doubt):
            self._already_taken()
        elif kind in {"download_failed", "upload_failed"}:
            self._failed(channel, fault.code, fault.message)
        elif error.retryable:
            self._try_again(error, fault.retry_after or 0.0)
        elif is_about_key(fault):
            raise error
        else:
            self._replace(())
            raise error

    def _already_taken(self) -> None:
        """What was sent is known there: look whether the AIR is listed, and listen meanwhile."""
        self._keep(accepted=True)
        seconds = self._timings.resume_silence if self._resumed else self._timings.silence
        self._watch = _Watch(silence=_in(seconds), look=0.0)

    def _try_again(self, error: RwHooksError, at_least: float) -> None:
        self._trouble = error
        self._troubles += 1
        wait = max(backoff(self._troubles, self._timings), at_least)
        if wait >= self._deadline.left:
            raise self._not_confirmed()
        _log.info("%s: %s; again in %.1f s", self._order.upload.air, error.message, wait)
        self._watch = _Watch(again=_in(wait))

    def _failed(self, channel: Channel, status: str, message: str) -> None:
        """End the task, which the platform has ended; a download that failed may be tried from a fresh URL."""
        download = "download" in f"{status} {message}".lower()
        if download and self._has_fresh_url():
            self._renew(channel, "the download failed and the URL can be renewed")
            return
        self._replace(())
        raise to_error(Fault(code="downloadFailed" if download else "uploadFailed", message=message or status))

    def _has_fresh_url(self) -> bool:
        """Mint again where that gives another URL: a public one stays the same, and so does its trouble."""
        if self._remints >= _REMINTS_MOST:
            return False
        url = self._order.mint()
        if url == self._url:
            return False
        self._remints += 1
        self._url = url
        return True

    def _act(self, channel: Channel) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._watch.again <= now:
            self._send(channel)
        elif self._watch.look <= now:
            self._look(channel)
        elif self._watch.silence <= now:
            self._silent(channel)

    def _look(self, channel: Channel) -> None:
        """Ask anew where the AIR is listed, ever more seldom: what is replaced was listed all the time."""
        now = time.monotonic()
        if now < self._renewable_at:
            self._watch.look = self._renewable_at
        elif self._order.is_listed():
            self._renew_every = min(max(self._renew_every * _GROWTH, self._timings.poll_most), self._timings.silence)
            self._renewable_at = now + self._renew_every
            self._renew(channel, "the AIR is listed")
        else:
            self._look_every = min(self._look_every * _GROWTH, self._timings.poll_most)
            self._watch.look = _in(self._look_every)

    def _silent(self, channel: Channel) -> None:
        """Ask again with the same taskUUID what was never answered; else with a new one."""
        if self.submission.accepted or self._asked_again:
            self._renew(channel, "nothing was heard for too long")
        else:
            self._asked_again = True
            self._send(channel)

    def _is_stale(self, task: str | None) -> bool:
        """Whether this is about a taskUUID that a newer one has replaced."""
        return task is not None and task != self.submission.task_uuid.lower()

    def _not_confirmed(self) -> UnreachableError:
        air, trouble = self._order.upload.air, f" ({self._trouble.message})" if self._trouble else ""
        hint = "'rw-hooks resume' goes on from here; a longer --timeout waits longer"
        if self.submission.sent_at is None:
            return UnreachableError("unreachable", f"{air} could not be sent to Runware in time{trouble}", hint=hint)
        last = self.submission.phases[-1].status if self.submission.phases else "none"
        message = f"Runware has not said in time that {air} is ready; its last status: {last}{trouble}"
        return UnreachableError("not_confirmed", message, hint=hint)


def _as_status(phase: Phase) -> Status:
    return Status(None, phase.status)


def _in(seconds: float) -> float:
    return time.monotonic() + seconds


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
