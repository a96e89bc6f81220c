"""Faults that a double injects, by the name of an endpoint: a status, a lost answer, a hang."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "Faults"]


@dataclass(frozen=True)
class Fault:
    """What happens to one call.

    Attributes:
        kind: ``status`` answers with an error; ``lose`` does the work and cuts the connection instead of answering;
            ``hang`` takes the call and says nothing until the double closes.
        status: Of the answer.
        headers: Of the answer, such as ``Retry-After``.
        message: Of the answer.
    """

    kind: Literal["status", "lose", "hang"]
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "injected"


class Faults:
    """A queue of faults for each endpoint; safe to use from several threads."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()

    def add(self, endpoint: str, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._queues[endpoint].extend([fault] * times)

    def take(self, endpoint: str) -> Fault | None:
        with self._lock:
            queue = self._queues[endpoint]
            return queue.popleft() if queue else None
