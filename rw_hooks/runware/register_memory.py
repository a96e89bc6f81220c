"""What must be remembered of an upload beside its state and what is in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from pydantic import SecretStr

from rw_hooks.errors import RwHooksError
from rw_hooks.runware.channel import UNCONNECTED, Connected
from rw_hooks.runware.types import Submission, Timings

__all__ = ["DownloadUrl", "Looks", "Memory", "Mint", "after"]

Mint = Callable[[], SecretStr]
"""Returns a URL that the platform can fetch now."""

_FRESH_URLS_MOST = 2
_GROWTH = 1.5


def after(seconds: float) -> float:
    """Return the moment in so many seconds, on the monotonic clock."""
    return time.monotonic() + seconds


@dataclass
class Memory:
    """What is remembered, and why.

    Attributes:
        heard: The moment (monotonic clock) of the last news, or of the first sending while there was none. The silence
            is counted from here, however many connections and processes it spans.
        resuming: The task was sent over an earlier connection whose session goes on, or by an earlier process, and no
            news came since. The shorter silence holds then.
        connection: What can be sent on.
        doubted: The task was sent more than once: a model that "exists already" may be our own.
        asked_again: The same task was sent once more because no answer came, so that a new one is next. It must outlast
            a connection that is lost meanwhile.
        troubles: How often in a row Runware could not do it: the pauses grow.
        trouble: The last trouble, for the message when the time is over.
    """

    heard: float
    resuming: bool
    connection: Connected = UNCONNECTED
    doubted: bool = False
    asked_again: bool = False
    troubles: int = 0
    trouble: RwHooksError | None = None

    @classmethod
    def of(cls, submission: Submission) -> Memory:
        """Begin with what the ledger tells of earlier processes."""
        return cls(heard=time.monotonic() - _age(submission), resuming=submission.sent_at is not None)

    def silent_for(self) -> float:
        """Return the seconds since the last news."""
        return time.monotonic() - self.heard

    def note_news(self) -> None:
        """Something was heard that was not known."""
        self.heard, self.resuming = time.monotonic(), False

    def note_sending(self, *, sent_before: bool) -> None:
        """The task goes out. What an earlier process sent without an answer is asked again by this."""
        if not sent_before:
            self.heard = time.monotonic()
        self.doubted = self.doubted or sent_before
        self.asked_again = self.asked_again or (sent_before and self.resuming)

    def note_new_task(self) -> None:
        """A new task takes the place of this one."""
        self.asked_again = self.resuming = False


class DownloadUrl:
    """Where the platform fetches the file.

    Args:
        mint: Returns a URL; a public one is the same each time.
    """

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._url: SecretStr | None = None
        self._left = _FRESH_URLS_MOST

    def current(self) -> str:
        """Return the URL; it is made at the first call."""
        if self._url is None:
            self._url = self._mint()
        return self._url.get_secret_value()

    def renew(self) -> bool:
        """Put a fresh URL in its place; False where there is none, because the same URL would fail again."""
        if self._left <= 0:
            return False
        before, self._url = self._url, self._mint()
        if self._url == before:
            return False
        self._left -= 1
        return True


class Looks:
    """When to look for the AIR: ever more seldom, and so when to ask anew because it is listed.

    A model that is replaced was listed all the time, so that a listing tells little.

    Args:
        timings: The bounds.

    Attributes:
        every: Seconds until the next look.
        renewable_at: The moment from which a listing leads to a new task.
    """

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._renew_every = 0.0
        self.every = timings.search
        self.renewable_at = 0.0

    def begin_anew(self) -> None:
        """It is asked for anew after a silence: it may well be ready, so look soon."""
        self.every = self._timings.poll

    def note_missing(self) -> None:
        """It was not listed."""
        self.every = min(self.every * _GROWTH, self._timings.poll_most)

    def note_listed(self) -> None:
        """It was listed, and is asked for anew."""
        self._renew_every = min(max(self._renew_every * _GROWTH, self._timings.poll_most), self._timings.silence)
        self.renewable_at = after(self._renew_every)


def _age(submission: Submission) -> float:
    """Return the seconds since the last word, or the sending; a moment that is yet to come counts as now."""
    moment = submission.last_word
    return 0.0 if moment is None else max(0.0, (datetime.now(timezone.utc) - moment).total_seconds())
