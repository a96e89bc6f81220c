"""A disk that is really full: every write of the state folder fails somewhere, SQLite's own among them.

The state folder lies on a small file system with so much room and no more; where none can be mounted, a limit on the
size of every file does the same to each of them. The end is honest, and when there is room again, going on finishes it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.reliability.figures import LostError, require
from tests.reliability.harness import Ended, World, open_world

CLASS = "a full disk"
DISK_BYTES = 4 << 20
READY_PAGES = 80  # so much room is enough for a publication


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a small file system, and yield the file that fills it."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs the rights of root")
    place.mkdir(mode=0o700)
    command = [mount, "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr}")
    try:
        yield place / "ballast"
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def leave(ballast: Path, pages: int) -> None:
    """Fill the disk but for so many pages."""
    room = os.statvfs(ballast.parent)
    ballast.write_bytes(bytes((room.f_bavail - pages) * room.f_frsize))
    assert os.statvfs(ballast.parent).f_bavail == pages


def require_honest(ended: Ended) -> str:
    """It ended by itself, and whatever is not ready says what happened and what fixes it; return how it stands."""
    assert (ended.signal, ended.code, ended.late, ended.orphans) == (0, 0, False, []), ended.said
    assert ended.outcome, ended.said
    assert "Traceback" not in ended.said
    [publication] = ended.outcome
    if publication["status"] != "ready":
        assert publication["error"]["code"] != "internal_error", publication
        assert publication["error"]["hint"], publication
    return str(publication["status"])


def go_on(world: World) -> None:
    """What is in the inbox or the journal is finished by `resume` alone; what is in neither was never begun."""
    begun = bool([*(world.home / "inbox").glob("*.json")] or world.journal())
    world.age()
    resumed = world.run("resume")
    assert resumed.code == 0, resumed.said
    if begun:
        require([row.status for row in world.journal()] == ["ready"], LostError, f"{world.journal()}")
    assert world.run("publish").code == 0
    world.require_ready()


def publish_with_little_room(folder: Path, pages: int) -> str:
    """Publish with so much room, go on when there is more, and return how the first attempt ended."""
    with open_world(folder, "dir") as world, small_disk(world.home) as ballast:
        leave(ballast, pages)
        status = require_honest(world.run("publish"))
        ballast.unlink()
        go_on(world)
    return status


# The queue item, the shared memory of SQLite's log, its first transaction, a phase; and room for all of it.
PAGES = (0, 3, 24, 50, READY_PAGES)
REST = [pages for pages in range(READY_PAGES) if pages not in PAGES]


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("pages", PAGES)
def test_a_disk_that_is_full_is_an_honest_end_and_made_good(tmp_path, pages):
    assert (publish_with_little_room(tmp_path, pages) == "ready") is (pages == READY_PAGES)


@pytest.mark.slow
@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("pages", REST)
def test_a_disk_that_is_full_at_any_page_is_an_honest_end_and_made_good(tmp_path, pages):
    publish_with_little_room(tmp_path, pages)


def publish_with_small_files(folder: Path, size: int) -> None:
    with open_world(folder, "dir") as world:
        world.receipt_required = False  # one that cannot be written is said, and no reason to fail
        require_honest(world.run("publish", file_bytes=size))
        go_on(world)


# The queue item, the journal's shared memory, its log, the copy at the host.
SIZES = (200, 20_000, 60_000, 260_000)


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("size", SIZES)
def test_a_limit_on_every_file_is_an_honest_end_and_made_good(tmp_path, size):
    publish_with_small_files(tmp_path, size)


@pytest.mark.slow
@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("size", [size for size in range(1_000, 300_000, 7_000) if size not in SIZES])
def test_any_limit_on_every_file_is_an_honest_end_and_made_good(tmp_path, size):
    publish_with_small_files(tmp_path, size)


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("point", ["", "host.before_upload"])
def test_a_state_folder_that_may_only_be_read_is_an_honest_end_and_made_good(tmp_path, point):
    with open_world(tmp_path, "dir") as world, small_disk(world.home):
        if point:
            world.run("publish", point=point)
        subprocess.run(["mount", "-o", "remount,ro", str(world.home)], check=True)
        for work in ("publish", "resume"):
            ended = world.run(work)
            assert require_honest(ended) == "failed"
            assert ended.outcome
            assert "RW_HOOKS_HOME" in ended.outcome[0]["error"]["hint"]
        trained = world.run("train", level="WARNING")
        assert (trained.code, trained.said.count("rw-hooks: ")) == (0, 1), trained.said
        assert world.uploads() == []
        subprocess.run(["mount", "-o", "remount,rw", str(world.home)], check=True)
        go_on(world)


@pytest.mark.reliability(CLASS)
def test_a_file_on_a_disk_that_may_only_be_read_gets_ready_without_a_receipt(tmp_path):
    with open_world(tmp_path, "dir") as world:
        content, models = world.file.read_bytes(), tmp_path / "models"
        with small_disk(models):
            world.file = models / world.file.name
            world.file.write_bytes(content)
            subprocess.run(["mount", "-o", "remount,ro", str(models)], check=True)
            ended = world.run("publish", level="WARNING")
            assert (ended.code, require_honest(ended)) == (0, "ready"), ended.said
            assert "could not be written" in ended.said
            world.receipt_required = False
            world.require_ready()


def work_with_little_room(folder: Path, pages: int) -> None:
    with open_world(folder, "dir") as world, small_disk(world.home) as ballast:
        assert world.run("train").code == 0
        leave(ballast, pages)
        ended = world.run("drain")
        assert (ended.signal, ended.code, ended.late, ended.orphans) == (0, 0, False, []), ended.said
        assert ended.outcome in ([True], ["journal_unusable"], ["machine_trouble"])
        assert "Traceback" not in ended.said
        ballast.unlink()
        go_on(world)


WORKER_PAGES = (30,)


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("pages", WORKER_PAGES)
def test_a_worker_on_a_full_disk_ends_honestly_and_is_made_good(tmp_path, pages):
    work_with_little_room(tmp_path, pages)


@pytest.mark.slow
@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("pages", [pages for pages in range(READY_PAGES) if pages not in WORKER_PAGES])
def test_a_worker_on_a_disk_that_is_full_at_any_page_ends_honestly_and_is_made_good(tmp_path, pages):
    work_with_little_room(tmp_path, pages)


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("pages", [0, 1, pytest.param(2, marks=pytest.mark.slow), 6])
def test_a_training_with_a_full_state_folder_goes_on_with_one_warning(tmp_path, pages):
    with open_world(tmp_path, "dir") as world, small_disk(world.home) as ballast:
        leave(ballast, pages)
        trained = world.run("train", files=[str(world.file)] * 5, level="WARNING")
        assert (trained.signal, trained.code, trained.late, trained.outcome) == (0, 0, False, []), trained.said
        handed = list((world.home / "inbox").glob("*.json"))
        assert trained.said.count("rw-hooks: ") == (0 if len(handed) == 5 else 1), trained.said
        if not handed:
            assert "No space left on device" in trained.said
            assert "RW_HOOKS_HOME" in trained.said
            assert not (world.file.parent / ".rw-hooks").exists()
        ballast.unlink()
        assert world.run("resume").code == 0
        if handed:
            require([row.status for row in world.journal()].count("ready") == 1, LostError, f"{world.journal()}")
        assert world.run("publish").code == 0
        world.require_once()
        world.require_tidy()
