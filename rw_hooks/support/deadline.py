"""A point in time by which something must be over. Standard library only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

__all__ = ["Deadline"]


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, so that a change of the wall clock has no effect."""

    moment: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline in so many seconds from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def at(cls, moment: str) -> Deadline:
        """Return the deadline at a point in time, ISO 8601 in UTC, as another process stored it."""
        return cls.after((datetime.fromisoformat(moment) - datetime.now(timezone.utc)).total_seconds())

    @property
    def utc(self) -> str:
        """The point in time, ISO 8601 in UTC, for another process to read."""
        return (datetime.now(timezone.utc) + timedelta(seconds=self.left)).isoformat(timespec="milliseconds")

    @property
    def left(self) -> float:
        """Seconds left, never less than zero."""
        return max(0.0, self.moment - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left <= 0.0

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one in so many seconds."""
        return min(self, Deadline.after(seconds), key=lambda deadline: deadline.moment)
