"""A state folder on a network: locks or shared memory that are not there, stale handles, renames that are denied.

A library that is loaded before libc answers the calls of real processes as such a file system does, SQLite's calls
among them. What cannot be relied on is not used, and said with the fix; what fails once is gone on with.
"""

from __future__ import annotations

import errno
import os
import time
from functools import partial
from pathlib import Path

import pytest

from rw_hooks.support import filesystem
from tests.doubles.preload import built
from tests.reliability.figures import LostError, require
from tests.reliability.harness import World, open_world, zygote

CLASS = "a state folder on a network"
STALE = errno.ESTALE


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Build the library that stands between a process and libc."""
    return built("volume", tmp_path_factory.mktemp("volume"))


@pytest.fixture
def world(tmp_path, library):
    with open_world(tmp_path, "dir") as world:
        world.zygote = partial(zygote, preload=library)
        world.environ |= {"RW_VOLUME_HOME": str(world.home), "RW_VOLUME_STRUCK": str(tmp_path / "struck")}
        yield world


def suffer(world: World, faults: str) -> None:
    """Let the file system be so from now on."""
    world.environ["RW_VOLUME_FAULTS"] = faults


def struck(world: World) -> bool:
    """Whether any call has failed since this was asked last."""
    mark = Path(world.environ["RW_VOLUME_STRUCK"])
    if not mark.exists():
        return False
    mark.unlink()
    return True


def has_rollback_journal(world: World) -> bool:
    """Whether the journal is kept without shared memory: the write version in the file's header says so."""
    return (world.home / "journal.sqlite3").read_bytes()[18] == 1


NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES)


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("flock", errno.ENOSYS), ("flock", errno.EACCES), ("lockf", errno.ENOLCK),
        *(pytest.param("flock", number, marks=pytest.mark.slow) for number in (errno.ENOLCK, errno.EOPNOTSUPP)),
    ],
)  # fmt: skip
def test_a_state_folder_without_locks_is_refused_at_once_and_named(world, kind, number):
    suffer(world, f"{kind}={number}")
    begun = world.begin("publish")
    started = time.monotonic()
    ended = begun.end()
    assert time.monotonic() - started < 10  # no waiting for locks that nobody holds
    assert struck(world)
    assert ended.outcome, ended.said
    [error] = [publication["error"] for publication in ended.outcome]
    assert (error["code"], error["stage"]) == ("state_without_locks", "setup")
    assert str(world.home) in error["message"]
    assert "RW_HOOKS_HOME" in error["hint"]
    assert world.uploads() == []
    suffer(world, "")
    assert world.run("publish").code == 0
    world.require_ready()


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("number", NO_LOCKS)
def test_a_training_whose_state_folder_has_no_locks_is_told_once_and_goes_on(world, number):
    suffer(world, f"lockf={number} flock={number}")
    trained = world.run("train", files=[str(world.file)] * 3, level="WARNING")
    assert (trained.signal, trained.code, trained.outcome) == (0, 0, []), trained.said
    assert trained.said.count("rw-hooks: ") == 1, trained.said
    assert "RW_HOOKS_HOME" in trained.said
    world.require_tidy()


@pytest.mark.reliability(CLASS)
def test_a_hand_over_waits_where_only_the_locks_of_the_journal_are_missing(world):
    suffer(world, f"flock={errno.ENOLCK}")
    assert world.run("train").code == 0
    refused = world.run("resume")
    assert refused.outcome, refused.said
    assert refused.outcome[0]["error"]["code"] == "state_without_locks"
    suffer(world, "")
    assert world.run("resume").code == 0
    world.require_ready()


NO_MEMORY = f"mmap={errno.ENODEV}"


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(
    "point",
    [
        "", "journal.submission.after",
        *(pytest.param(point, marks=pytest.mark.slow) for point in ("inbox.before_remove", "register.phase.stored")),
    ],
)  # fmt: skip
def test_without_shared_memory_the_journal_is_kept_the_older_way(world, point):
    suffer(world, NO_MEMORY)
    world.run("publish", point=point)
    assert has_rollback_journal(world)
    assert not list(world.home.glob("*-shm"))
    world.age()
    assert world.run("resume").code == 0
    assert world.run("publish").code == 0
    world.require_ready()


@pytest.mark.reliability(CLASS, cases=16)
def test_16_processes_without_shared_memory_publish_once(world):
    suffer(world, NO_MEMORY)
    world.options["timeout"] = 100
    processes = [world.begin("publish") for _ in range(16)]
    ended = [process.end(100) for process in processes]
    assert {(entry.signal, entry.code, entry.late) for entry in ended} == {(0, 0, False)}, [e.said for e in ended]
    assert {publication["status"] for entry in ended for publication in entry.outcome or []} == {"ready"}
    assert has_rollback_journal(world)
    world.require_ready()


@pytest.mark.reliability(CLASS, cases=2)
@pytest.mark.parametrize("first", ["", NO_MEMORY])
def test_what_one_way_of_keeping_the_journal_left_the_other_goes_on_with(world, first):
    suffer(world, first)
    world.run("publish", point="register.phase.downloaded")  # its log, or its open transaction, is left behind
    suffer(world, "" if first else NO_MEMORY)
    resumed = world.run("resume")
    assert resumed.code == 0, resumed.said
    assert has_rollback_journal(world) is not bool(first)
    world.require_ready()


@pytest.mark.reliability(CLASS, cases=2)
@pytest.mark.parametrize("work", ["publish", "train"])
def test_a_rename_that_is_done_and_denied_loses_nothing(world, work):
    suffer(world, f"rename={errno.ENOENT}")
    ended = world.run(work, level="WARNING")
    assert ended.code == 0, ended.said
    assert struck(world)
    assert "rw-hooks: " not in ended.said
    if work == "train":
        assert len(list((world.home / "inbox").glob("*.json"))) == 1
        assert world.run("resume").code == 0
    world.require_ready()


@pytest.mark.reliability(CLASS)
def test_a_hand_over_with_a_stale_handle_is_named_and_kept(world):
    assert world.run("train").code == 0
    [item] = (world.home / "inbox").glob("*.json")
    world.environ["RW_VOLUME_HOME"] = str(item)
    suffer(world, f"open:1={STALE}")
    ended = world.run("resume")
    assert struck(world)
    assert ended.outcome, ended.said
    [error] = [publication["error"] for publication in ended.outcome]
    assert (error["code"], error["retryable"]) == ("machine_trouble", True)
    assert os.strerror(STALE) in error["message"]
    suffer(world, "")
    assert world.run("resume").code == 0
    world.require_ready()


def fail_once(world: World, fault: str) -> bool:
    """Publish with one call failing, go on without, and say whether there was such a call."""
    world.receipt_required = False
    suffer(world, fault)
    ended = world.run("publish")
    assert (ended.signal, ended.code, ended.late, ended.orphans) == (0, 0, False, []), ended.said
    assert "Traceback" not in ended.said
    for publication in ended.outcome or []:
        if publication["status"] != "ready":
            assert publication["error"]["code"] != "internal_error", publication
            assert publication["error"]["hint"], publication
    suffer(world, "")
    begun = bool([*(world.home / "inbox").glob("*.json")] or world.journal())
    world.age()
    resumed = world.run("resume")
    assert resumed.code == 0, resumed.said
    if begun:
        require([row.status for row in world.journal()] == ["ready"], LostError, f"{world.journal()}")
    assert world.run("publish").code == 0
    world.require_ready()
    return struck(world)


# How many calls of a kind a publication to a folder has below its state folder, with a little more for slower ones, and
# how many of them the sweep leaves out between two.
LOG = {"open": (14, 1), "pread": (24, 1), "pwrite": (150, 4), "write": (2, 1), "sync": (32, 1), "unlink": (5, 1)}
ROLLBACK = {
    "open": (52, 3), "pread": (106, 4), "pwrite": (310, 10), "write": (2, 1), "sync": (88, 3), "unlink": (24, 1),
}  # fmt: skip
ALL = [
    (memory, call, n)
    for memory, totals in (("", LOG), (NO_MEMORY, ROLLBACK))
    for call, (total, step) in totals.items()
    for n in range(1, total, step)
]
SOME = [
    ("", "open", 6),
    ("", "pread", 4),
    ("", "write", 1),
    ("", "sync", 4),
    (NO_MEMORY, "pwrite", 101),
    (NO_MEMORY, "unlink", 2),
]


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(("memory", "call", "n"), SOME)
def test_a_stale_handle_in_the_middle_of_a_publication_is_an_honest_end(world, memory, call, n):
    assert fail_once(world, f"{memory} {call}:{n}={STALE}")


@pytest.mark.slow
@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(("memory", "call", "n"), [case for case in ALL if case not in SOME])
def test_every_call_meets_a_stale_handle_once(world, memory, call, n):
    fail_once(world, f"{memory} {call}:{n}={STALE}")


@pytest.mark.slow
@pytest.mark.reliability
@pytest.mark.parametrize(("memory", "totals"), [("", LOG), (NO_MEMORY, ROLLBACK)], ids=["log", "rollback"])
@pytest.mark.parametrize("call", LOG)
def test_there_are_no_more_calls_than_are_swept(world, memory, totals, call):
    assert not fail_once(world, f"{memory} {call}:{totals[call][0] + 1}={STALE}")


@pytest.mark.parametrize(
    ("kind", "local"), [("ext4", True), ("tmpfs", True), ("nfs4", False), ("fuse.sshfs", False), ("fuseblk", True)]
)
def test_a_network_is_known_by_its_mount(tmp_path, monkeypatch, kind, local):
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"20 1 {os.major(device)}:{os.minor(device)} / / rw shared:1 master:2 - {kind} server:/x rw\n"
        "21 20 0:9999 / /other rw - nfs server:/y rw\n"
    )
    monkeypatch.setattr(filesystem, "_MOUNTS", mounts)
    assert filesystem.look_at(tmp_path).shares_memory is local
