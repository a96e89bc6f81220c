from __future__ import annotations

import pytest
from pydantic import SecretStr

from rw_hooks.deadline import Deadline
from rw_hooks.runware import RunwareClient, build_upload
from tests.doubles.runware_script import FAST, PHASES, ScriptedRunware
from tests.runware.helpers import MemoryLedger, register


def test_an_upload_is_followed_to_ready(runware):
    with RunwareClient(runware.endpoint, timings=FAST) as client:
        registration = register(client)
    assert registration.air == "myorg:1@1"
    assert registration.transport == "ws"
    assert [phase.status for phase in registration.phases] == list(PHASES)
