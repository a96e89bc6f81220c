"""Registering a model: from the request to ``ready``, through every error.

Everything is stored in the ledger before it is sent. While the connection lasts, Runware's statuses are followed. When
the state is unknown (after a lost connection, a restart, or a long silence), the order is: resume the session; else
send again with the SAME taskUUID, for which ``conflictTaskUUID`` means "already accepted"; then search the AIR with
``modelSearch``. A NEW taskUUID follows only when the AIR is listed, or after a long silence, or when Runware itself has
ended the task. It has the same AIR and ``uniqueIdentifier``, which makes it idempotent.

The silence is counted over processes, because the time of the last news is in the ledger. After a resumed session, or
in a new process, an upload is sent again after a much shorter silence.

:mod:`rw_hooks.runware.register_states` says what is done in which state. This module does it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from uuid import uuid4

from pydantic import SecretStr

from rw_hooks.errors import UnreachableError
from rw_hooks.runware.channel import UNCONNECTED, Channel, Unavailable
from rw_hooks.runware.messages import Status
from rw_hooks.runware.model_upload import ModelUpload
from rw_hooks.runware.register_events import Happening, name
from rw_hooks.runware.register_memory import DownloadUrl, Looks, Memory, Mint, after
from rw_hooks.runware.register_states import TABLE, Alarms, State, Step
from rw_hooks.runware.rest_api import backoff
from rw_hooks.runware.types import Ledger, Phase, Registration, Submission, Timings
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach

__all__ = ["Mint", "Order", "Register", "WebSocketUnavailableError"]

_log = logging.getLogger("rw_hooks.runware")


class WebSocketUnavailableError(Exception):
    """No WebSocket connection is possible; the upload can continue over REST."""


@dataclass(frozen=True)
class Order:
    """What is to be registered, and the functions that the caller provides.

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

    _channel: Channel

    def __init__(self, order: Order, timings: Timings) -> None:
        self._order = order
        self._timings = timings
        self._url = DownloadUrl(order.mint)
        self._looks = Looks(timings)
        self._alarms = Alarms()
        self._state = State.CONNECTING
        self.submission = self._begin()
        self._memory = Memory.of(self.submission)
        self._steps: Mapping[Step, Callable[[Happening], State]] = {
            Step.OPEN: self._open,
            Step.LISTEN: self._listen,
            Step.WAIT: self._wait,
            Step.SEND: lambda _: self._send(),
            Step.ASK_AGAIN: self._ask_again,
            Step.RENEW: self._renew_in_silence,
            Step.FOLLOW: self._follow,
            Step.DOUBT: self._doubt,
            Step.BACK_OFF: self._back_off,
            Step.FINISH: self._finish,
            Step.FETCH_ANEW: self._fetch_anew,
            Step.FAIL: self._fail,
            Step.STOP: self._stop,
            Step.LOOK_NOW: self._look_now,
            Step.LOOK: self._look,
        }

    def run(self, channel: Channel, *, give_up: bool) -> Registration:
        """Follow the upload until its end.

        Args:
            channel: What carries it.
            give_up: Whether to raise if the channel cannot connect.

        Raises:
            WebSocketUnavailableError: The channel cannot connect, and was to be left then.
            RefusedError: The platform said no, or the upload failed there.
            UnreachableError: The deadline passed; what was sent goes on there.
        """
        self._channel, self._state = channel, State.ENDED if self._ready() else self._disconnected()
        while self._state is not State.ENDED and not self._order.deadline.passed:
            heard = channel.next(min(self._alarms.left, self._order.deadline.left))
            if isinstance(heard, Unavailable) and give_up:
                raise WebSocketUnavailableError(heard.reason)
            if heard is not None:
                self._take(name(heard, self.submission, doubted=self._memory.doubted))
            due = self._alarms.due
            if due is not None:
                self._take(Happening(due))
        ready = self._ready()
        if ready is None:
            raise self._not_confirmed()
        return Registration(
            air=ready.air or str(self._order.upload.air), phases=self.submission.phases, transport=channel.transport
        )

    def _take(self, happening: Happening) -> None:
        """Do what the table says; what is not in it changes nothing."""
        move = TABLE.get((self._state, happening.event))
        if move is not None:
            self._state = self._steps[move.step](happening)

    def _open(self, happening: Happening) -> State:
        self._memory.connection, self._memory.trouble = happening.connection, None
        if self.submission.sent_at is not None and self._memory.silent_for() >= self._timings.silence:
            return self._renew_in_silence(happening)
        return self._send()

    def _listen(self, happening: Happening) -> State:
        self._memory.connection, self._memory.trouble, self._memory.resuming = happening.connection, None, True
        return self._enter(State.RESUMED if self._has_asked_enough() else State.ASKED)

    def _wait(self, happening: Happening) -> State:
        self._memory.trouble = happening.error
        return self._disconnected()

    def _send(self) -> State:
        """Send the submission as it is in the ledger.

        That it was sent is written down before, because a channel may hold the call until the platform has answered.
        """
        payload, before, memory = self._payload(), self.submission, self._memory
        memory.note_sending(sent_before=before.sent_at is not None)
        self._keep(session_uuid=memory.connection.session, sent_at=before.sent_at or _now())
        reach("register.before_send")
        sent = self._channel.send(payload, memory.connection.number)
        reach("register.after_send")
        if sent:
            return self._enter(State.ASKED_AGAIN if self._has_asked_enough() else State.ASKED)
        self._keep(session_uuid=before.session_uuid, sent_at=before.sent_at)
        return self._disconnected()

    def _ask_again(self, _: Happening) -> State:
        self._memory.asked_again = True
        return self._send()

    def _renew_in_silence(self, _: Happening) -> State:
        self._looks.begin_anew()
        return self._renew("nothing was heard for too long")

    def _renew(self, reason: str) -> State:
        """Send with a NEW taskUUID; only for a reason that the protocol names."""
        _log.info("%s: a new taskUUID, because %s", self._order.upload.air, reason)
        self._replace(self.submission.phases)
        self._channel.follow(self.submission.task_uuid)
        return self._send()

    def _follow(self, happening: Happening) -> State:
        self._tell(happening.status)
        if not self.submission.accepted:
            self._keep_news()
        self._memory.troubles, self._memory.trouble = 0, None
        return self._enter(State.FOLLOWED)

    def _doubt(self, _: Happening) -> State:
        """Take the task for accepted. That is no news of the upload: whoever came back goes on counting."""
        self._keep(accepted=True)
        return self._enter(State.IN_DOUBT)

    def _back_off(self, happening: Happening) -> State:
        self._memory.trouble = trouble = happening.error
        self._memory.troubles += 1
        wait = max(backoff(self._memory.troubles, self._timings), happening.wait)
        if wait >= self._order.deadline.left:
            raise self._not_confirmed()
        _log.info("%s: %s; again in %.1f s", self._order.upload.air, trouble.message if trouble else "no answer", wait)
        return self._enter(State.BACKING_OFF, wait)

    def _finish(self, happening: Happening) -> State:
        self._tell(happening.status)
        self._alarms = Alarms()
        return State.ENDED

    def _fetch_anew(self, happening: Happening) -> State:
        self._tell(happening.status)
        if self._url.renew():
            return self._renew("the download failed and the URL can be renewed")
        return self._fail(happening)

    def _fail(self, happening: Happening) -> State:
        self._tell(happening.status)
        self._replace(())
        return self._stop(happening)

    def _stop(self, happening: Happening) -> State:
        raise happening.error or self._not_confirmed()

    def _look_now(self, _: Happening) -> State:
        self._alarms.look = 0.0
        return self._state

    def _look(self, _: Happening) -> State:
        if time.monotonic() < self._looks.renewable_at:
            self._alarms.look = self._looks.renewable_at
            return self._state
        if self._order.is_listed():
            self._looks.note_listed()
            return self._renew("the AIR is listed")
        self._looks.note_missing()
        self._alarms.look = after(self._looks.every)
        return self._state

    def _enter(self, state: State, pause: float = 0.0) -> State:
        """Set the alarms of a state. Without a connection there is only one state, and no alarm."""
        if self._memory.connection == UNCONNECTED:
            return self._disconnected()
        self._alarms = Alarms()
        if state is State.BACKING_OFF:
            self._alarms.again = after(pause)
            return state
        self._alarms.silence = after(self._patience(state))
        if state is State.IN_DOUBT:
            self._alarms.look = 0.0
        elif state is State.FOLLOWED and self._channel.transport == "rest":
            self._alarms.look = after(self._looks.every)
        return state

    def _disconnected(self) -> State:
        self._memory.connection, self._alarms = UNCONNECTED, Alarms()
        return State.CONNECTING

    def _patience(self, state: State) -> float:
        """Return how long a silence may last."""
        if self._memory.resuming:
            return self._timings.resume_silence
        return self._timings.answer if state is State.ASKED else self._timings.silence

    def _has_asked_enough(self) -> bool:
        """Whether nothing more would be learnt by sending the same task once more."""
        return self.submission.accepted or self._memory.asked_again

    def _payload(self) -> SecretStr:
        task = self._order.upload.wire(self.submission.task_uuid, self._url.current())
        if self.submission.attempt > 1 and "deliveryMethod" in task:
            task["deliveryMethod"] = "sync"  # a model that is there answers at once; async would only acknowledge
        return SecretStr(json.dumps([task]))

    def _tell(self, status: Status | None) -> None:
        """Keep a phase that is new, and tell it."""
        if status is None or any(status.status == known.status for known in self.submission.phases):
            return
        phase = Phase(status=status.status, message=status.message, at=_now(), air=status.air)
        self._keep_news(phases=(*self.submission.phases, phase))
        self._order.on_phase(phase)

    def _keep_news(self, **changes: object) -> None:
        """Keep when something was heard, together with what it was: each keeping is a sync to the disk."""
        self._memory.note_news()
        self._keep(**changes, accepted=True, heard_at=_now())

    def _begin(self) -> Submission:
        """Go on with the submission in the ledger when it is of this very request."""
        digest = self._order.upload.digest()
        known = self._order.ledger.load()
        if known is not None and known.request_digest == digest:
            return known
        fresh = Submission(task_uuid=str(uuid4()), request_digest=digest)
        self._order.ledger.save(fresh)
        return fresh

    def _replace(self, phases: tuple[Phase, ...]) -> None:
        before = self.submission
        self.submission = Submission(
            task_uuid=str(uuid4()), request_digest=before.request_digest, attempt=before.attempt + 1, phases=phases
        )
        self._memory.note_new_task()
        self._order.ledger.save(self.submission)

    def _keep(self, **changes: object) -> None:
        changed = self.submission.model_copy(update=changes)
        if changed != self.submission:
            self.submission = changed
            self._order.ledger.save(changed)

    def _ready(self) -> Phase | None:
        return next((phase for phase in self.submission.phases if Status(None, phase.status).ready), None)

    def _not_confirmed(self) -> UnreachableError:
        air, trouble = self._order.upload.air, self._memory.trouble
        why = f" ({trouble.message})" if trouble else ""
        hint = "nothing is lost; run 'rw-hooks resume' to continue, or give a longer --timeout"
        if self.submission.sent_at is None:
            return UnreachableError(
                "unreachable", f"{air} was not sent to Runware before the time limit{why}", hint=hint
            )
        last = self.submission.phases[-1].status if self.submission.phases else "none"
        message = f"Runware did not report {air} as ready before the time limit; its last status is {last}{why}"
        return UnreachableError("not_confirmed", message, hint=hint)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
