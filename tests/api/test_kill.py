"""kill -9 in the middle of each stage, then `resume` alone: one upload, one commit, one registration.

Every point of every host is swept in ``tests/reliability``; this is the short form, on a private repository.
"""

from __future__ import annotations

import signal

import pytest

from tests.reliability.harness import open_world

MIDDLES = {
    "inspect": "journal.enroll.before",
    "describe": "journal.air.after",
    "host": "hub.child.moved",
    "preflight": "preflight.before",
    "register": "register.phase.downloaded",
    "settle": "settle.before_receipt",
}


@pytest.mark.parametrize("stage", MIDDLES)
def test_a_publication_killed_in_the_middle_of_a_stage_is_finished_by_resume_alone(tmp_path, stage):
    with open_world(tmp_path, "hub-private") as world:
        died = world.run("publish", point=MIDDLES[stage])
        assert died.signal == signal.SIGKILL, died.said
        assert died.orphans == []
        resumed = world.run("resume")
        assert resumed.code == 0, resumed.said
        world.require_ready()
