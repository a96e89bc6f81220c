"""Each pause is longer than the last, never longer than the longest, and many who failed together do not keep step."""

from __future__ import annotations

from pathlib import Path

import pytest

from rw_hooks.support.backoff import pause

ROOT = Path(__file__).parents[2]


def test_each_pause_is_twice_the_last_until_the_longest():
    assert [pause(attempt, first=5.0, most=30.0) for attempt in range(1, 6)] == [5.0, 10.0, 20.0, 30.0, 30.0]
    assert [pause(attempt, first=1.0, most=9.0, factor=3.0) for attempt in range(1, 4)] == [1.0, 3.0, 9.0]


@pytest.mark.parametrize("attempt", [1, 40, 10**9])
def test_chance_makes_a_pause_shorter_never_longer(attempt):
    seconds = [pause(attempt, first=4.0, most=4.0, jitter=0.25) for _ in range(200)]
    assert 3.0 <= min(seconds) < max(seconds) <= 4.0
