"""Whatever order frames come in, each upload ends as the platform said it did."""

from __future__ import annotations

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from rw_hooks.errors import RefusedError
from rw_hooks.runware import RunwareClient
from tests.doubles.runware_script import FAST, IMPATIENT, PHASES, ScriptedRunware
from tests.runware.helpers import register, script, upload

AIRS = ("myorg:1@1", "myorg:2@1", "myorg:3@1")
ENDS = {"ready": "ready", "failed": "upload_failed", "error storing": "upload_failed"}
NOISE = ("not json", '{"data": [{"taskType": "news"}]}', '{"data": []}', "[]", '{"data": [{"status": "ready"}]}')


@st.composite
def conversations(draw):
    """Draw how each upload ends, and the order of all frames but the last of each."""
    ends = {air: draw(st.sampled_from(list(ENDS))) for air in AIRS}
    middle = draw(st.lists(st.tuples(st.sampled_from(AIRS), st.sampled_from(PHASES[:-1])), max_size=12))
    last = draw(st.permutations(list(ends.items())))
    noise = draw(st.lists(st.sampled_from(NOISE), max_size=4))
    return ends, draw(st.permutations([*middle, *noise])), last


def outcome(client, air, outcomes):
    try:
        outcomes[air] = register(client, upload(air=air), seconds=3).phases[-1].status
    except RefusedError as error:
        outcomes[air] = error.code


@settings(max_examples=25, deadline=None)
@given(conversations())
def test_three_uploads_over_one_connection_end_as_the_platform_said(conversation):
    ends, middle, last = conversation
    outcomes, tasks = {}, {}

    def answer(wire, task):
        """Take each upload; once all are there, say everything in the drawn order."""
        tasks[task["air"]] = task
        wire.phase(task, "validated")
        for step in [*middle, *last] if len(tasks) == len(AIRS) else ():
            if isinstance(step, str):
                wire.text(step)
            else:
                wire.phase(tasks[step[0]], step[1])

    with ScriptedRunware() as runware:
        script(runware, answer)
        with RunwareClient(runware.endpoint, transport="ws", timings=FAST) as client:
            threads = [threading.Thread(target=outcome, args=(client, air, outcomes)) for air in AIRS]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        runware.audit(IMPATIENT)
        assert len(runware.task_uuids) == len(AIRS)
    assert outcomes == {air: ENDS[end] for air, end in ends.items()}
