"""Progress is for people at a terminal: here standard error is a real one, and standard output a pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="pseudo terminals are of POSIX")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]m")


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[str, str]:
    """Run a command, and return what went to the pipe and what a person saw."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("TERM", "xterm-256color")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rw_hooks", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        os.close(theirs)
        seen = read_all(ours)
        assert process.stdout is not None
        piped = process.stdout.read()
    assert process.returncode == 0
    return piped, seen


def read_all(descriptor: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:  # how Linux says that the other side was closed
            part = b""
        if not part:
            os.close(descriptor)
            return b"".join(parts).decode()
        parts.append(part)


def test_stages_and_phases_are_shown_beside_the_table(sandbox, weights, monkeypatch):
    piped, seen = on_a_terminal(monkeypatch, "publish", "mystyle.safetensors")
    for part in ("reading and hashing", "registering at Runware", "mystyle.safetensors: validated", "ready"):
        assert part in seen
    assert piped.startswith("file ")
    assert "\x1b" not in piped


def test_json_is_not_disturbed_by_progress(sandbox, weights, monkeypatch):
    piped, seen = on_a_terminal(monkeypatch, "publish", "mystyle.safetensors", "--json")
    assert piped.startswith('{"id": ')
    assert seen == ""


def test_no_color_is_honoured(sandbox, weights, monkeypatch):
    _, seen = on_a_terminal(monkeypatch, "publish", "mystyle.safetensors")
    assert COLOUR.search(seen)
    monkeypatch.setenv("NO_COLOR", "1")
    _, seen = on_a_terminal(monkeypatch, "publish", "mystyle.safetensors")
    assert not COLOUR.search(seen)
