"""An upload over REST, for where WebSocket cannot be had.

REST tells the first status at best, so what follows is asked for. ``getResponse`` may say ``processing`` for ever and
``success`` too early: it is heeded for early errors only, and what it calls done is looked at by other means.
"""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Literal, cast

from pydantic import SecretStr

from rw_hooks.runware.channel import ChannelEvent, Connected, Finished
from rw_hooks.runware.messages import Accepted, Event, Fault, Status
from rw_hooks.runware.rest_api import RestApi
from rw_hooks.runware.types import Timings
from rw_hooks.support.deadline import Deadline

__all__ = ["Polling"]

_GROWTH = 1.5


class Polling:
    """One upload's way over REST; a :class:`~rw_hooks.runware.channel.Channel`.

    Args:
        api: The endpoint.
        timings: How often to ask.
        deadline: When all is over.
    """

    transport: Literal["rest"] = "rest"

    def __init__(self, api: RestApi, timings: Timings, deadline: Deadline) -> None:
        self._api = api
        self._timings = timings
        self._deadline = deadline
        self._mail: deque[ChannelEvent] = deque([Connected(1)])
        self._task = ""
        self._every = timings.poll
        self._ask_at = 0.0

    def next(self, seconds: float) -> ChannelEvent | None:
        """Return what is known; when that is nothing, wait and ask."""
        if self._mail:
            return self._mail.popleft()
        until_asking = max(self._ask_at - time.monotonic(), 0.0)
        time.sleep(min(until_asking, seconds))
        if until_asking <= seconds:
            self._ask()
        return self._mail.popleft() if self._mail else None

    def send(self, payload: SecretStr, connection: int) -> bool:  # noqa: ARG002 - there is but one connection
        """Send a task and keep what is said to it."""
        [task] = cast("list[dict[str, object]]", json.loads(payload.get_secret_value()))
        events = self._api.post(task, self._deadline)
        self._mail.extend(event for event in events if isinstance(event, (Status, Fault, Accepted)))
        self._task = str(task["taskUUID"])
        self._ask_at = time.monotonic() + self._every
        return True

    def follow(self, task_uuid: str) -> None:
        """Do nothing: the answers to what was sent are all there is."""

    def _ask(self) -> None:
        task = {"taskType": "getResponse", "taskUUID": self._task}
        events = self._api.post(task, self._deadline)
        self._every = min(self._every * _GROWTH, self._timings.poll_most)
        self._ask_at = time.monotonic() + self._every
        self._mail.extend(told for told in map(_heeded, events) if told is not None)


def _heeded(event: Event) -> ChannelEvent | None:
    """Return what an item of ``getResponse`` tells of the upload; its own errors tell nothing."""
    if isinstance(event, Fault) and event.task_type == "modelUpload" and event.http_status is None:
        return event
    if not isinstance(event, Status):
        return None
    if event.ready or event.status.lower() == "success":
        return Finished()
    return event if event.is_phase else None
