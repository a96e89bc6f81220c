"""Bugs and interruptions: a message, never a traceback, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rw_hooks.cli.bug
import rw_hooks.cli.jobs
from rw_hooks.cli.app import run
from rw_hooks.sandbox import SandboxSettings

LORA = Path(__file__).parents[1] / "data" / "artifacts" / "sks_toy_v1.safetensors"


@pytest.fixture
def sandbox_settings() -> SandboxSettings:
    """Uploads take a while, so that there is time to interrupt one."""
    return SandboxSettings(delays={"stored": 1.5})


def break_jobs(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(_settings: object) -> None:
        raise error

    monkeypatch.setattr(rw_hooks.cli.jobs, "list_jobs", fail)


def test_a_bug_leaves_its_traceback_in_a_file_and_no_secret_in_it(isolated_environment, monkeypatch, capsys):
    monkeypatch.setenv("RUNWARE_API_KEY", "a-secret-key")
    break_jobs(monkeypatch, ZeroDivisionError("with a-secret-key at https://x.test/f?X-Amz-Signature=abc"))
    assert run(["jobs"]) == 1
    captured = capsys.readouterr()
    (file,) = (isolated_environment / "logs").iterdir()
    text = file.read_text(encoding="utf-8")
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert str(file) in captured.err
    assert "ZeroDivisionError" in text
    assert "in jobs" in text
    for secret in ("a-secret-key", "X-Amz-Signature"):
        assert secret not in text + captured.err
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0


def test_a_bug_is_reported_where_no_file_can_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "home").write_text("a file, not a folder", encoding="utf-8")
    monkeypatch.setenv("RW_HOOKS_HOME", str(tmp_path / "home"))
    break_jobs(monkeypatch, ZeroDivisionError("bug"))
    assert run(["jobs"]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_a_bug_is_reported_though_the_settings_cannot_be_read(monkeypatch, capsys):
    break_jobs(monkeypatch, ZeroDivisionError("bug"))
    monkeypatch.setattr(rw_hooks.cli.bug, "load", lambda: 1 / 0)
    assert run(["jobs"]) == 1
    assert "ZeroDivisionError; its traceback could not be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["publish", "FILE"], ["jobs"], ["resume"], ["resume", "0123"], ["cancel", "0123"], ["worker"],
        ["update", "mine:1@1", "--name", "maya"], ["watch", "."],
    ],
)  # fmt: skip
def test_a_state_folder_that_cannot_be_used_is_something_missing(tmp_path, monkeypatch, capsys, words):
    (tmp_path / "home").write_text("a file, not a folder", encoding="utf-8")
    monkeypatch.setenv("RW_HOOKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNWARE_API_KEY", "a-key")
    file = str(shutil.copy(LORA, tmp_path))
    code = run([file if word == "FILE" else word for word in words])
    said = capsys.readouterr().err
    assert code == 4, said
    assert "RW_HOOKS_HOME" in said


POSIX = pytest.mark.skipif(os.name != "posix", reason="pipes and closed streams as POSIX has them")


def in_shell(line: str, folder: Path) -> tuple[str, str]:
    """Run one line of a shell with ``$RW`` as the command; return what it printed, and what it said."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "RW": f"{sys.executable} -m rw_hooks"}
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.stderr


@POSIX
@pytest.mark.parametrize("arguments", ["--help", "--version", "inspect --json mystyle.safetensors"])
def test_a_pipe_that_is_closed_ends_the_command_quietly(weights, arguments):
    printed, said = in_shell(f"{{ $RW {arguments}; echo $? >code; }} | true; sleep 0; cat code", weights.parent)
    assert (printed in {"0", "141"}, said) == (True, "")


@POSIX
@pytest.mark.parametrize(
    ("arguments", "code"),
    [("--help", 0), ("inspect mystyle.safetensors", 0), ("explain mystyle.safetensors --json", 0), ("inspect gone", 2)],
)
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_is_closed_changes_nothing(weights, arguments, code, closed):
    printed, said = in_shell(f"$RW {arguments} {closed}; echo code $?", weights.parent)
    assert printed.endswith(f"code {code}")
    assert "error: a bug" not in said + printed


@POSIX
@pytest.mark.parametrize("arguments", ["jobs", "publish x.safetensors", "run -- true"])
def test_a_working_directory_that_is_gone_is_a_usage_error(tmp_path, arguments):
    printed, said = in_shell(f"mkdir gone; cd gone; rmdir ../gone; $RW {arguments}; echo code $?", tmp_path)
    assert (printed, "working directory was removed" in said) == ("code 2", True)


def test_an_interruption_says_that_nothing_is_lost(monkeypatch, capsys):
    break_jobs(monkeypatch, KeyboardInterrupt())
    assert run(["jobs"]) == 130
    assert "run 'rw-hooks resume' to continue" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to the whole console, the test runner included")
def test_ctrl_c_while_runware_works_then_resume(sandbox, weights, monkeypatch, capsys):
    command = [sys.executable, "-m", "rw_hooks", "publish", "mystyle.safetensors", "--json"]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until_sent(sandbox, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (out, "Traceback" in err) == ("", False)
    assert run(["resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ready"
    assert sum(sandbox.world.registrations.values()) == 1


def wait_until_sent(sandbox, process) -> None:
    until = time.monotonic() + 30
    while not any(task["taskType"] == "modelUpload" for task in sandbox.world.requests):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "nothing was sent to the sandbox"
        time.sleep(0.02)
