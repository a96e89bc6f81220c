"""Runware takes an upload and then says no more of it: the next command gets it ready, and makes no second model."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest

from rw_hooks.api.jobs import jobs, resume
from rw_hooks.api.publish import publish
from rw_hooks.publication import services
from rw_hooks.publication.observer import Silent
from rw_hooks.runware import RunwareClient
from tests.api.conftest import FAST

# Only the silence of who comes back is over within a round; the other one is as long as always.
TIMINGS = replace(FAST, resume_silence=0.5)
ROUND_SECONDS = 4


@pytest.fixture(autouse=True)
def stalling(sandbox, monkeypatch):
    """Let the upload stand still after its first status, and be shown nowhere, until a new task asks for the model."""
    sandbox.faults.stall_after = "validated"
    sandbox.faults.list_when_ready = True
    monkeypatch.setattr(services, "RunwareClient", partial(RunwareClient, timings=TIMINGS))


def tasks_of(sandbox):
    return [task["taskUUID"] for task in sandbox.world.requests if task["taskType"] == "modelUpload"]


@pytest.mark.parametrize(("transport", "keep_sessions"), [("ws", True), ("ws", False), ("rest", True)])
def test_what_stalled_in_the_first_round_is_ready_in_the_second(sandbox, settings, lora, transport, keep_sessions):
    pending = publish(lora, settings=settings(transport=transport, timeout=ROUND_SECONDS))
    assert (pending.status, pending.exit_code, pending.error["code"]) == ("pending", 6, "not_confirmed")
    if not keep_sessions:
        sandbox.restart_websocket(keep_sessions=False)
    [publication] = resume(settings(), [], Silent())
    assert (publication.status, publication.error) == ("ready", None)
    assert len(set(tasks_of(sandbox))) >= 2
    assert list(sandbox.world.registrations.values()) == [1]
    assert len(sandbox.world.downloads) == 1
    assert [job.status for job in jobs(settings())] == ["ready"]


def test_what_stalls_twice_is_asked_for_once_more_in_the_third_round(sandbox, settings, lora):
    sandbox.faults.stall_times = 2
    first = publish(lora, settings=settings(transport="rest", timeout=ROUND_SECONDS))
    sandbox.faults.stall_after = "stored"
    [second] = resume(settings(), [], Silent())
    [third] = resume(settings(), [], Silent())
    assert [first.status, second.status, third.status] == ["pending", "pending", "ready"]
    assert list(sandbox.world.registrations.values()) == [1]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_two_commands_of_forty_seconds_with_the_real_times(sandbox, settings, lora, tmp_path, transport):
    def command(*words):
        environ = {
            "PATH": "", "HOME": str(tmp_path), "RUNWARE_API_KEY": sandbox.key, "RUNWARE_API_URL": sandbox.api_url,
            "RUNWARE_WS_URL": sandbox.ws_url, "RW_HOOKS_HOME": str(tmp_path / "home"),
        }  # fmt: skip
        line = [sys.executable, "-m", "rw_hooks", *words, "--json"]
        done = subprocess.run(line, env=environ, capture_output=True, text=True, check=False, timeout=90)
        return done.returncode, json.loads(done.stdout.splitlines()[0])

    host = f"dir://{sandbox.folder}?url={sandbox.files_url}"
    code, pending = command("publish", str(lora), "--host", host, "--transport", transport, "--timeout", "40")
    assert (code, pending["status"]) == (6, "pending")
    sandbox.restart_websocket(keep_sessions=False)
    code, publication = command("resume")
    assert (code, publication["status"]) == (0, "ready")
    assert list(sandbox.world.registrations.values()) == [1]
