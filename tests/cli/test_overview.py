from __future__ import annotations

import subprocess
import sys

import pytest

import rw_hooks
from rw_hooks.cli import main
from rw_hooks.cli.commands import COMMANDS
from rw_hooks.errors import EXIT_CODES


def rw_hooks_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rw_hooks", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_overview_names_every_command_and_exit_code(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rw-hooks", *arguments])
    main()
    shown = capsys.readouterr().out
    assert all(f"  {command.name}" in shown for command in COMMANDS)
    assert all(f"  {code:>3}  {meaning}" in shown for code, meaning in EXIT_CODES)


def test_version_prints_the_version_alone():
    done = rw_hooks_command("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, rw_hooks.__version__ + "\n", "")


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_can_be_loaded_and_explains_itself(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rw-hooks", command, "--help"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert f"Usage: rw-hooks {command}" in capsys.readouterr().out


def test_the_python_module_is_the_same_command():
    done = rw_hooks_command("publsh")
    assert done.returncode == 2
    assert done.stdout == ""
    assert 'Did you mean "publish"?' in done.stderr
