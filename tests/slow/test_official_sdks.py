"""Both official SDKs drive the sandbox, each in an environment of its own (they share an import name).

What they do is known from driving them against five scripted frames: the new one returns at the first frame; the old
one collects all phases and returns at ``ready``, and does not see a failure until its own time is over. A sandbox that
they behave otherwise against is not what they know as Runware.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from rw_hooks.sandbox import PHASES, Faults, Sandbox, SandboxSettings
from tests.sandbox.rawclient import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHASE_SECONDS = 0.2
OLD_SDK_PATIENCE_SECONDS = 4
DRIVERS = Path(__file__).parent / "official_sdks"
FAILURES = {
    "failed": Faults(fail_after="validated"),
    "error downloading": Faults(fail_downloads=1),
}


def _environment(folder: Path, requirement: str) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    return python


@pytest.fixture(scope="module")
def new_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _environment(tmp_path_factory.mktemp("new") / "venv", "runware-sdk==1.8.0")


@pytest.fixture(scope="module")
def old_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _environment(tmp_path_factory.mktemp("old") / "venv", "runware==0.5.24")


def _drive(python: Path, driver: str, faults: Faults) -> tuple[dict[str, Any], str]:
    """Upload a model with an SDK; return what it printed, and how the upload really ended."""
    with Sandbox(settings=SandboxSettings(delay=PHASE_SECONDS, faults=faults)) as sandbox:
        client = Client(sandbox)
        client.file()
        order = {
            "key": sandbox.key,
            "api_url": sandbox.api_url,
            "ws_url": sandbox.ws_url,
            "task": client.task(),
        }
        done = subprocess.run(
            [python, DRIVERS / driver],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "RUNWARE_MODEL_UPLOAD_TIMEOUT": str(OLD_SDK_PATIENCE_SECONDS * 1000)},
        )
        assert done.returncode == 0, done.stderr
        sys.stderr.write(done.stderr)
        return json.loads(done.stdout), client.settled()


def test_the_new_sdk_returns_at_the_first_frame(new_sdk: Path) -> None:
    reply, end = _drive(new_sdk, "drive_new.py", Faults())
    assert (reply["statuses"], end) == (["validated"], "ready")
    assert reply["seconds"] < 4 * PHASE_SECONDS
    assert reply["found"][0]["results"][0]["air"] == "sandbox:1@1"


@pytest.mark.parametrize("status", FAILURES)
def test_the_new_sdk_takes_a_failing_upload_for_a_success(new_sdk: Path, status: str) -> None:
    reply, end = _drive(new_sdk, "drive_new.py", FAILURES[status])
    assert (reply["statuses"], end) == (["validated"], status)


def test_the_old_sdk_returns_at_ready_with_all_phases(old_sdk: Path) -> None:
    reply, end = _drive(old_sdk, "drive_old.py", Faults())
    assert (reply["statuses"], end) == (list(PHASES), "ready")
    assert 5 * PHASE_SECONDS <= reply["seconds"] < OLD_SDK_PATIENCE_SECONDS


@pytest.mark.parametrize("status", FAILURES)
def test_the_old_sdk_hangs_on_a_failing_upload(old_sdk: Path, status: str) -> None:
    reply, end = _drive(old_sdk, "drive_old.py", FAILURES[status])
    assert end == status
    assert reply["error"].startswith("Timeout waiting for model upload")
    assert reply["seconds"] >= OLD_SDK_PATIENCE_SECONDS
