"""The protocol of registering, as one table: in which state what is done when something happens.

Read ``_ROWS`` from top to bottom. Each row names something that happens, the states in which it may happen, the step
that is taken then, and the states that the step may lead to; a step that raises an error leads to ENDED. The steps are
methods of :class:`~rw_hooks.runware.register.Register`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = ["IGNORED", "IMPOSSIBLE", "TABLE", "Alarms", "Event", "Move", "State", "Step"]

_NEVER = float("inf")


class State(Enum):
    """What is known of the upload, and so what is waited for."""

    CONNECTING = "nothing can be sent now; a connection is waited for"
    ASKED = "sent and not answered; without an answer the same task is sent once more"
    ASKED_AGAIN = "sent more than once; in silence a new task follows"
    RESUMED = "the session of an earlier connection goes on: what was said meanwhile comes now; else a new task follows"
    FOLLOWED = "Runware has the task and says how it goes; in silence a new task follows"
    IN_DOUBT = (
        "Runware has the task, and what became of it is not known: the AIR is looked for; else a new task follows"
    )
    BACKING_OFF = "Runware could not do it now; the same task is sent again after a pause"
    ENDED = "it is ready, or an error was raised"


class Event(Enum):
    """What may happen."""

    CONNECTED = "tasks can be sent, in another session than the one that this task was sent in"
    RESUMED = "tasks can be sent, in the session that this task was sent in"
    LOST = "the connection broke, or could not be made"
    STOPPED = "no connection will come any more: the key was refused, or the client was closed"
    ACCEPTED = "Runware took the task, and says no more than that"
    PHASE = "a status came, and others will follow"
    KNOWN = "Runware has this task already, or this model, which is our own"
    TROUBLE = "Runware cannot do it now, but may later"
    READY = "a status came: the model is ready"
    DOWNLOAD_FAILED = "Runware could not fetch the file"
    FAILED = "the upload failed at Runware"
    REFUSED = "Runware refused the request"
    KEY_REFUSED = "Runware refused the key, and did not look at the request"
    DONE = "getResponse calls the task done, which is no proof"
    NO_NEWS = "what came is about a task that was replaced, or is no status of an upload"
    SILENCE = "nothing came for the time of silence"
    LOOK_DUE = "it is time to look for the AIR"
    AGAIN_DUE = "the pause after trouble is over"


class Step(Enum):
    """What is done."""

    OPEN = "send the task; or a new one, if the time of silence is over already"
    LISTEN = "send nothing yet: what was said meanwhile comes first"
    WAIT = "remember why there is no connection"
    SEND = "send the same task"
    ASK_AGAIN = "send the same task, once more and for the last time"
    RENEW = "send a new task: a new taskUUID for the same AIR and uniqueIdentifier"
    FOLLOW = "keep what is new, tell it, and wait for more"
    DOUBT = "keep that Runware has the task, and look for the AIR at once"
    BACK_OFF = "pause, longer each time; give up at once where the pause would outlast the deadline"
    FINISH = "keep the last status, and tell it"
    FETCH_ANEW = "send a new task with a fresh URL; where there is none, do as FAIL does"
    FAIL = "keep that the next attempt begins with a new task, and raise the error"
    STOP = "raise the error; the next attempt goes on with the same task"
    LOOK_NOW = "let the look for the AIR be due"
    LOOK = "send a new task if the AIR is listed; else look again later"


@dataclass(frozen=True)
class Move:
    """What one event leads to in one state.

    Attributes:
        step: What is done.
        then: The states that it may lead to.
    """

    step: Step
    then: frozenset[State]


@dataclass
class Alarms:
    """When to act if nothing is heard; moments on the monotonic clock.

    Attributes:
        silence: When the silence has lasted long enough.
        look: When to look for the AIR.
        again: When to send the same task again after trouble.
    """

    silence: float = _NEVER
    look: float = _NEVER
    again: float = _NEVER

    @property
    def left(self) -> float:
        """Seconds until the first of them."""
        return max(0.0, min(self.silence, self.look, self.again) - time.monotonic())

    @property
    def due(self) -> Event | None:
        """Which of them is due, if one is."""
        now = time.monotonic()
        if self.again <= now:
            return Event.AGAIN_DUE
        if self.look <= now:
            return Event.LOOK_DUE
        return Event.SILENCE if self.silence <= now else None


_TASK_IS_OUT = (State.ASKED, State.ASKED_AGAIN, State.FOLLOWED, State.IN_DOUBT, State.BACKING_OFF)
_CONNECTED = (*_TASK_IS_OUT, State.RESUMED)
_ALIVE = (State.CONNECTING, *_CONNECTED)
_WAITING = (State.ASKED_AGAIN, State.RESUMED, State.FOLLOWED, State.IN_DOUBT)

# The connection may turn out to be gone when something is sent.
_NEW = (State.ASKED, State.CONNECTING)
_SENT = (State.ASKED, State.ASKED_AGAIN, State.CONNECTING)
_STAY = (None,)

_ROWS: tuple[tuple[Event, tuple[State, ...], Step, tuple[State | None, ...]], ...] = (
    # what happens            in which states       what is done       where it leads
    (Event.CONNECTED,         _ALIVE,               Step.OPEN,         _SENT),
    (Event.RESUMED,           _ALIVE,               Step.LISTEN,       (State.RESUMED, State.ASKED)),
    (Event.LOST,              _ALIVE,               Step.WAIT,         (State.CONNECTING,)),
    (Event.STOPPED,           _ALIVE,               Step.STOP,         (State.ENDED,)),
    # What was said to an earlier connection may come before the new one can be used.
    (Event.ACCEPTED,          (State.CONNECTING,),  Step.FOLLOW,       _STAY),
    (Event.PHASE,             (State.CONNECTING,),  Step.FOLLOW,       _STAY),
    (Event.KNOWN,             (State.CONNECTING,),  Step.DOUBT,        _STAY),
    (Event.TROUBLE,           (State.CONNECTING,),  Step.BACK_OFF,     _STAY),
    (Event.ACCEPTED,          _CONNECTED,           Step.FOLLOW,       (State.FOLLOWED,)),
    (Event.PHASE,             _CONNECTED,           Step.FOLLOW,       (State.FOLLOWED,)),
    (Event.KNOWN,             _CONNECTED,           Step.DOUBT,        (State.IN_DOUBT,)),
    (Event.TROUBLE,           _CONNECTED,           Step.BACK_OFF,     (State.BACKING_OFF,)),
    (Event.READY,             _ALIVE,               Step.FINISH,       (State.ENDED,)),
    (Event.DOWNLOAD_FAILED,   _ALIVE,               Step.FETCH_ANEW,   (*_NEW, State.ENDED)),
    (Event.FAILED,            _ALIVE,               Step.FAIL,         (State.ENDED,)),
    (Event.REFUSED,           _ALIVE,               Step.FAIL,         (State.ENDED,)),
    (Event.KEY_REFUSED,       _ALIVE,               Step.STOP,         (State.ENDED,)),
    (Event.SILENCE,           (State.ASKED,),       Step.ASK_AGAIN,    (State.ASKED_AGAIN, State.CONNECTING)),
    (Event.SILENCE,           _WAITING,             Step.RENEW,        _NEW),
    (Event.AGAIN_DUE,         (State.BACKING_OFF,), Step.SEND,         _SENT),
    (Event.DONE,              _TASK_IS_OUT,         Step.LOOK_NOW,     _STAY),
    (Event.LOOK_DUE,          _TASK_IS_OUT,         Step.LOOK,         (*_STAY, *_NEW)),
)  # fmt: skip


def _cells() -> Iterator[tuple[tuple[State, Event], Move]]:
    for event, states, step, then in _ROWS:
        for state in states:
            yield (state, event), Move(step, frozenset(after or state for after in then))


TABLE: Mapping[tuple[State, Event], Move] = dict(_cells())
"""What is done in which state when something happens."""

IGNORED = frozenset((state, Event.NO_NEWS) for state in _ALIVE)
"""What may happen and changes nothing."""

IMPOSSIBLE: Mapping[tuple[State, Event], str] = {
    **{(State.ENDED, event): "nothing is listened to any more" for event in Event},
    **{(state, Event.AGAIN_DUE): "the pause is only in BACKING_OFF" for state in _ALIVE if state != State.BACKING_OFF},
    (State.BACKING_OFF, Event.SILENCE): "the pause has an end of its own",
    (State.CONNECTING, Event.SILENCE): "without a connection there is no alarm",
    (State.CONNECTING, Event.LOOK_DUE): "without a connection there is no alarm",
    (State.CONNECTING, Event.DONE): "only REST says so, and it has sent the task by then",
    (State.RESUMED, Event.DONE): "only REST says so, and it has no sessions",
    (State.RESUMED, Event.LOOK_DUE): "while the session goes on the AIR is not looked for",
}
"""What cannot happen, and why."""
