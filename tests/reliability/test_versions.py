"""Two versions of the package on one state folder at once: the older leaves what is newer alone, the newer takes both.

The newer version is a copy of the package whose queue items and journal have the next schema; its processes run that
copy. Whoever finds the journal newer than itself stops at once, also in the middle of a publication, and says so.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.figures import LostError, TwiceError, require
from tests.reliability.harness import AIR, ROOT, Ended, World, open_world, trained, zygote

CLASS = "two versions at once"


@pytest.fixture(scope="session")
def newer(tmp_path_factory):
    """Make the next version of the package."""
    source = tmp_path_factory.mktemp("newer")
    shutil.copytree(ROOT / "rw_hooks", source / "rw_hooks", ignore=shutil.ignore_patterns("__pycache__"))
    _edit(source / "rw_hooks" / "queue" / "inbox.py", "SCHEMA = 1\n", "SCHEMA = 2\n")
    _edit(
        source / "rw_hooks" / "engines" / "local" / "sqlite_file.py",
        '    """,\n)\n',
        '    """,\n    "ALTER TABLE publications ADD COLUMN colour TEXT NOT NULL DEFAULT \'red\'",\n)\n',
    )
    return partial(zygote, source)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def world(tmp_path):
    with open_world(tmp_path, "dir", delay=0.05) as world:
        yield world


def another_file(world: World, number: int) -> dict[str, Any]:
    """Return what a process is told to publish another file under another AIR."""
    file = world.file.with_name(f"sketch-{number}.safetensors")
    file.write_bytes(trained()[:-2] + bytes([number, 0x11]))
    return {"files": [str(file)], "options": {**world.options, "air": f"sandbox:{number}@1"}}


def by(world: World, version: Any) -> World:
    """Let the world's next processes be of this version."""
    world.zygote = version
    return world


def inbox(world: World) -> set[int]:
    """Return the schemas of what waits."""
    return {json.loads(path.read_text())["schema"] for path in (world.home / "inbox").glob("*.json")}


def content(world: World) -> list[str]:
    """Return all that stands in the journal."""
    with closing(sqlite3.connect(world.home / "journal.sqlite3")) as database:
        return list(database.iterdump())


def schema(world: World) -> int:
    with closing(sqlite3.connect(world.home / "journal.sqlite3")) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def errors(ended: Ended) -> list[str]:
    return [publication["error"]["code"] for publication in ended.outcome or [] if publication.get("error")]


def wait_for(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.01)


def require_each_once(world: World, airs: set[str]) -> None:
    registered = world.sandbox.world.registrations
    require({air for air, _ in registered} == airs, LostError, f"{dict(registered)}")
    require(set(registered.values()) == {1}, TwiceError, f"{dict(registered)}")


@pytest.mark.reliability(CLASS)
def test_the_older_leaves_a_newer_hand_over_and_the_newer_takes_both(world, newer):
    assert by(world, newer).run("train").code == 0
    assert by(world, zygote).run("train", **another_file(world, 1)).code == 0
    assert inbox(world) == {1, 2}
    assert world.run("resume").code == 0
    assert inbox(world) == {2}
    require_each_once(world, {"sandbox:1@1"})
    world.run("train", **another_file(world, 2))
    assert by(world, newer).run("resume").code == 0
    assert inbox(world) == set()
    require_each_once(world, {AIR, "sandbox:1@1", "sandbox:2@1"})


@pytest.mark.reliability(CLASS)
def test_the_older_leaves_the_rows_of_the_newer_alone_and_says_so(world, newer):
    died = by(world, newer).run("publish", point="journal.submission.after")
    assert died.signal == signal.SIGKILL, died.said
    before = content(world)
    assert errors(by(world, zygote).run("resume")) == ["journal_newer"]
    assert errors(world.run("publish")) == ["journal_newer"]
    assert world.run("drain").outcome == ["journal_newer"]
    assert content(world) == before
    assert world.uploads() == []
    assert by(world, newer).run("resume").code == 0
    require_each_once(world, {AIR})


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(
    "point", ["journal.submission.after", pytest.param("register.phase.stored", marks=pytest.mark.slow)]
)
def test_the_newer_finishes_what_the_older_died_of(world, newer, point):
    assert world.run("publish", point=point).signal == signal.SIGKILL
    assert by(world, newer).run("resume").code == 0
    require_each_once(world, {AIR})


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(
    "point", ["register.phase.validated", pytest.param("host.before_upload", marks=pytest.mark.slow)]
)
def test_the_older_stops_in_the_middle_when_the_newer_takes_the_journal_over(world, newer, point):
    until = world.folder / "until"
    older = world.begin("publish", point=point, until=str(until))
    wait_for(until.with_suffix(".reached").exists)
    resumed = by(world, newer).begin("resume")
    wait_for(lambda: schema(world) == 2)
    until.touch()
    assert errors(older.end()) == ["journal_newer"]
    assert resumed.end().code == 0
    require_each_once(world, {AIR})


@pytest.mark.reliability(CLASS, cases=9)
def test_workers_and_commands_of_both_versions_at_once_publish_each_file_once(world, newer):
    for number in range(1, 5):
        world.run("train", **another_file(world, number))
        by(world, newer).run("train", **another_file(world, number + 4))
        by(world, zygote)
    processes = []
    for version in (zygote, newer):
        processes += [by(world, version).begin(work) for work in ("drain", "resume", "drain", "resume")]
    processes.append(by(world, newer).begin("publish", **another_file(world, 9)))
    ended = [process.end() for process in processes]
    assert {(entry.signal, entry.code, entry.late) for entry in ended} == {(0, 0, False)}, [e.said for e in ended]
    assert by(world, newer).run("resume").code == 0
    require_each_once(world, {f"sandbox:{number}@1" for number in range(1, 10)})
    assert inbox(world) == set()
