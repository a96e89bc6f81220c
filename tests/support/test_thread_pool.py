"""Many at once: in order, and no more are begun than are asked for."""

from __future__ import annotations

import threading
import time

import pytest

from rw_hooks.support.thread_pool import many_at_once


def test_what_comes_of_them_comes_in_their_order():
    gates = [threading.Event() for _ in range(3)]

    def work(number: int) -> int:
        if number:
            gates[number - 1].set()
        else:
            gates[1].wait(5.0)
        return number

    assert list(many_at_once(work, range(3), 3)) == [0, 1, 2]


def test_an_error_comes_in_its_turn_and_stops_what_is_not_begun():
    begun: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise ValueError(number)
        if number > 1:
            gate.wait(5.0)
        return number

    ends = many_at_once(work, range(20), 2)
    assert next(ends) == 0
    with pytest.raises(ValueError, match="1"):
        next(ends)
    gate.set()
    time.sleep(0.3)
    assert len(begun) <= 5


def test_who_asks_for_no_more_has_no_more_begun():
    begun: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            gate.wait(5.0)
        return number

    ends = many_at_once(work, range(20), 2)
    assert next(ends) == 0
    ends.close()
    gate.set()
    time.sleep(0.3)
    assert len(begun) <= 4
