"""The table that describes how a model is registered says something of everything that may happen."""

from __future__ import annotations

from itertools import product

import pytest

from rw_hooks.runware import Timings
from rw_hooks.runware.register import Order, Register
from rw_hooks.runware.register_states import IGNORED, IMPOSSIBLE, TABLE, Alarms, Event, State, Step
from rw_hooks.support.deadline import Deadline
from tests.runware.helpers import MemoryLedger, upload

ALIVE = [state for state in State if state is not State.ENDED]


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda entry: entry.name)
def test_each_event_in_each_state_is_done_ignored_or_impossible(state, event):
    places = [(state, event) in table for table in (TABLE, IGNORED, IMPOSSIBLE)]
    assert places.count(True) == 1


def test_nothing_else_is_in_the_table():
    pairs = set(product(State, Event))
    assert set(TABLE) | IGNORED | set(IMPOSSIBLE) == pairs
    assert all(IMPOSSIBLE.values())


def test_every_step_is_used_and_there_is_a_way_to_do_it():
    order = Order(upload(), MemoryLedger(), lambda: None, print, lambda: False, Deadline.after(1))
    assert {move.step for move in TABLE.values()} == set(Step) == set(Register(order, Timings())._steps)


def test_every_state_can_be_reached_and_every_one_can_end():
    reached = {State.CONNECTING}
    while more := {state for (before, _), move in TABLE.items() if before in reached for state in move.then} - reached:
        reached |= more
    assert reached == set(State)
    assert {before for (before, _), move in TABLE.items() if State.ENDED in move.then} == set(ALIVE)


@pytest.mark.parametrize("state", ALIVE)
def test_no_state_waits_for_ever(state):
    """Where a connection is there, a silence or a pause ends; where none is, the deadline does."""
    alarms = {event for event in (Event.SILENCE, Event.AGAIN_DUE) if (state, event) in TABLE}
    assert len(alarms) == (state is not State.CONNECTING)


def test_alarms_ring_one_after_another():
    alarms = Alarms()
    assert (alarms.due, alarms.left) == (None, float("inf"))
    alarms.silence = alarms.look = alarms.again = 0.0
    assert (alarms.due, alarms.left) == (Event.AGAIN_DUE, 0.0)
    alarms.again = float("inf")
    assert alarms.due is Event.LOOK_DUE
    alarms.look = float("inf")
    assert alarms.due is Event.SILENCE
