"""How long to wait before the next try. Standard library only."""

from __future__ import annotations

import random

__all__ = ["pause"]

_DOUBLINGS_MAX = 32  # more attempts would exceed the range of a float, after days


def pause(attempt: int, *, first: float, most: float, jitter: float = 0.0, factor: float = 2.0) -> float:
    """Return the seconds to wait after the failed attempt of this number (1 for the first).

    Args:
        attempt: Which attempt has failed.
        first: Seconds after the first one; each further pause is longer.
        most: The longest pause in seconds.
        jitter: The random part of the pause, from 0 to 1, so that processes that failed together do not all try again
            together.
        factor: The factor by which each further pause is longer.
    """
    longest = min(first * factor ** (min(attempt, _DOUBLINGS_MAX) - 1), most)
    return longest * random.uniform(1.0 - jitter, 1.0)
