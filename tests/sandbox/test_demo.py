"""``rw-hooks demo`` as a process of its own, on a machine that knows no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from rw_hooks.cli.sandbox import export
from rw_hooks.errors import MissingError
from rw_hooks.sandbox.transport.loopback import require_direct


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with traps: settings, a token file and variables that must have no say."""
    home = tmp_path / "home"
    (home / ".cache" / "huggingface").mkdir(parents=True)
    (home / ".cache" / "huggingface" / "token").write_text("hf_not_to_be_read")
    (home / "rw-hooks.toml").write_text("steps = 7\nname = 'from the file'\n")
    return home


def _demo(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from rw_hooks.cli import main; main()", "demo", *arguments]
    traps = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "HOME": str(home),
        "USERPROFILE": str(home),
        "RUNWARE_API_KEY": "not-to-be-used",
        "RUNWARE_API_URL": "http://127.0.0.1:9/v1",
        "RW_HOOKS_NAME": "from the environment",
        "RW_HOOKS_HOME": str(home / "state"),
    }
    environment = {**os.environ, **traps, **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=home, env=environment, timeout=60)


def _contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_it_shows_the_whole_journey_and_the_real_thing(home: Path) -> None:
    before, started = _contents(home), time.monotonic()
    done = _demo(home)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 60
    told = [line.split()[0].rstrip(":") for line in done.stdout.splitlines() if line.split()]
    journey = "train inspect describe host preflight register validated ready settle status"
    places = [told.index(word) for word in journey.split()]
    assert places == sorted(places)
    assert "trigger words: zkchr7 sketch" in done.stdout
    assert done.stdout.splitlines()[-3:] == [
        export("RUNWARE_API_KEY", "..."),
        export("HF_TOKEN", "..."),
        "rw-hooks publish your-lora.safetensors",
    ]
    assert _contents(home) == before


def test_json_is_the_publication_alone_also_behind_a_proxy_that_leaves_loopback_out(home: Path) -> None:
    done = _demo(home, "--json", HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.1")
    publication = json.loads(done.stdout)
    assert (done.returncode, publication["status"]) == (0, "ready")
    assert [phase["status"] for phase in publication["phases"]][-1] == "ready"
    assert publication["model"]["architecture"] == "sd1x"
    assert "from the" not in done.stdout


def test_a_proxy_before_loopback_is_a_message_with_its_mend(home: Path) -> None:
    done = _demo(home, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
    assert done.returncode == 4
    assert "NO_PROXY=127.0.0.1" in done.stderr


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({}, False),
        ({"HTTP_PROXY": "http://127.0.0.1:9"}, True),
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, True),
        ({"ALL_PROXY": "http://127.0.0.1:9"}, True),
        ({"ALL_PROXY": "http://127.0.0.1:9", "NO_PROXY": "*"}, False),
        ({"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "example.org,127.0.0.1"}, False),
    ],
)
def test_loopback_must_be_reached_directly(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], refused: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MissingError) if refused else nullcontext():
        require_direct()
