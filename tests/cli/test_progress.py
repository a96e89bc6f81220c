"""Progress is for people at a terminal: here standard error is a real one, and standard output a pipe."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from rich.console import Console

from rw_hooks.cli import progress
from rw_hooks.cli.progress import watching

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


def test_files_of_one_name_are_told_apart_and_their_phases_hide_nothing(sandbox, weights, monkeypatch):
    others = [weights.parent / folder / weights.name for folder in ("one", "two")]
    for number, other in enumerate(others, 1):
        other.parent.mkdir()
        other.write_bytes(weights.read_bytes()[:-2] + bytes([17, number]))
    piped, seen = on_a_terminal(monkeypatch, "publish", *(str(path.relative_to(weights.parent)) for path in others))
    for part in ("one/mystyle.safetensors", "two/mystyle.safetensors"):
        assert part in seen
    assert re.search("registering at Runware(: (validated|downloaded|optimized|stored|ready))?", seen)
    assert "Model uploaded" not in seen
    assert "2 files: 2 ready" in seen
    assert [line.split()[0] for line in piped.split("\n\n")] == ["file", "file"]


@pytest.fixture
def screen(monkeypatch):
    """What a terminal of nine lines shows."""
    console = Console(file=io.StringIO(), force_terminal=True, height=9, width=100, color_system=None)
    monkeypatch.setattr(progress, "terminal", lambda **_: console)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def shown(bars):
        paper = Console(file=io.StringIO(), width=100)
        paper.print(bars._progress.get_renderable())
        return paper.file.getvalue().splitlines()

    return shown


def test_more_files_than_lines_are_counted_and_those_that_are_worked_on_stand_first(screen):
    with watching() as onlooker:
        lines = [onlooker.start(f"run/{number}.safetensors") for number in range(20)]
        lines[17].stage("inspect")
        shown = screen(onlooker)
        assert len(shown) < 9
        assert "17.safetensors reading and hashing" in shown[0]
        assert shown[-1] == f"  and {20 - len(shown) + 1} more"
        for line in lines[3:]:
            line.finish()
        assert len(screen(onlooker)) == 3


def test_bytes_are_not_shown_where_none_are_counted(screen):
    with watching() as onlooker:
        line = onlooker.start("toy.safetensors")
        line.stage("host")
        line.moved(512, 1024)
        assert "0.5/1.0 KiB" in screen(onlooker)[0]
        line.stage("register")
        assert "KiB" not in screen(onlooker)[0]


def test_the_same_file_twice_is_one_name(screen):
    with watching() as onlooker:
        onlooker.start("a/toy.safetensors").finish()
        onlooker.start("a/toy.safetensors")
        assert "a/toy" not in screen(onlooker)[0]
        onlooker.start("b/a/toy.safetensors")
        assert [line.split()[1] for line in screen(onlooker)] == ["a/toy.safetensors", "b/a/toy.safetensors"]
