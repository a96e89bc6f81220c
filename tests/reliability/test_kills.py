"""kill -9 at every named point, on every host: what was begun is finished, once, by `resume` or by the same command.

A publication that dies before its queue item is in the inbox is nobody's yet: there the command itself is repeated.
"""

from __future__ import annotations

import json
import signal

import pytest

from tests.reliability.harness import HOSTS, open_world

BEFORE_INBOX = ("inbox.before_write", "inbox.before_rename")
_TO_HOST = (
    "inbox.after_rename",
    "journal.enroll.before", "journal.enroll.after",
    "inbox.before_remove", "inbox.after_remove",
    "journal.begin.before", "journal.begin.after",
    "journal.account.before", "journal.account.after",
    "journal.air.before", "journal.air.after",
    "journal.describe.record.before", "journal.describe.record.after",
    "host.before_upload",
)  # fmt: skip
_IN_HUB = (
    "hub.before_create", "hub.after_create", "hub.before_upload", "hub.child.started", "hub.child.moved",
    "hub.after_commit",
)  # fmt: skip
_IN_DIR = ("dir.before_rename", "dir.after_rename")
_FROM_HOST = (
    "host.after_upload",
    "journal.host.record.before", "journal.host.record.after",
    "preflight.before", "preflight.after",
    "journal.preflight.record.before", "journal.preflight.record.after",
    "journal.submission.before", "journal.submission.after",
    "register.before_send", "register.after_send",
    "register.phase.validated", "register.phase.downloaded", "register.phase.optimized", "register.phase.stored",
    "register.phase.ready",
    "journal.register.record.before", "journal.register.record.after",
    "settle.before_receipt", "settle.receipt_written", "settle.after_receipt",
    "journal.settle.record.before", "journal.settle.record.after",
)  # fmt: skip
_INSIDE = {"hub-public": _IN_HUB, "hub-private": _IN_HUB, "dir": _IN_DIR, "url": ()}
POINTS = {host: (*BEFORE_INBOX, *_TO_HOST, *_INSIDE[host], *_FROM_HOST) for host in HOSTS}
SUBMISSIONS = range(2, 8)  # each phase is one more write of the submission

ALL = [(host, point) for host in HOSTS for point in POINTS[host]]
# Starting the Hub's client takes a second, so the normal set takes of the Hub what is not the same everywhere.
FAST = [(host, point) for host, point in ALL if host in {"dir", "url"} or point in _IN_HUB]
REST = [case for case in ALL if case not in FAST]


def die_and_go_on(folder, host, point, death="kill", count=1):
    with open_world(folder, host) as world:
        died = world.run("publish", point=point, death=death, count=count)
        expected = (signal.SIGKILL, None) if death == "kill" else (0, 9)
        assert (died.signal, died.code) == expected, died.said
        assert died.orphans == []
        world.age()
        work = "publish" if point in BEFORE_INBOX else "resume"
        went_on = world.run(work)
        assert (went_on.signal, went_on.code, went_on.late) == (0, 0, False), went_on.said
        world.require_ready()


@pytest.mark.reliability("kill -9 at a named point")
@pytest.mark.parametrize(("host", "point"), FAST)
def test_a_killed_publication_is_finished_once(tmp_path, host, point):
    die_and_go_on(tmp_path, host, point)


@pytest.mark.slow
@pytest.mark.reliability("kill -9 at a named point")
@pytest.mark.parametrize(("host", "point"), REST)
def test_a_killed_publication_is_finished_once_in_the_other_kind_of_repository(tmp_path, host, point):
    die_and_go_on(tmp_path, host, point)


@pytest.mark.slow
@pytest.mark.reliability("os._exit at a named point")
@pytest.mark.parametrize(("host", "point"), ALL)
def test_a_publication_that_left_without_a_word_is_finished_once(tmp_path, host, point):
    die_and_go_on(tmp_path, host, point, death="exit")


@pytest.mark.reliability("kill -9 at a named point")
@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("count", SUBMISSIONS)
def test_a_publication_killed_at_each_write_of_its_submission_is_finished_once(tmp_path, edge, count):
    die_and_go_on(tmp_path, "url", f"journal.submission.{edge}", count=count)


@pytest.mark.parametrize("host", HOSTS)
def test_every_point_of_a_publication_is_in_the_sweep(tmp_path, host):
    with open_world(tmp_path, host) as world:
        trace = tmp_path / "trace"
        ended = world.run("publish", trace=str(trace))
        assert ended.code == 0, ended.said
        reached = [json.loads(line) for line in trace.read_text().splitlines()]
        assert set(reached) == set(POINTS[host])
        assert reached.count("journal.submission.before") == max(SUBMISSIONS)
        again = world.run("publish")
        assert again.outcome is not None, again.said
        assert [(entry["status"], entry["changed"]) for entry in again.outcome] == [("ready", "nothing")]
        world.require_ready()


IN_WORKER = [point for point in POINTS["dir"] if point not in {*BEFORE_INBOX, "inbox.after_rename"}]
IN_WORKER_FAST = [*IN_WORKER[::4], IN_WORKER[-1]]


def die_in_worker(folder, point):
    """Leave a queue item as a hook does, and kill the worker; what the trainer does to its file then is irrelevant."""
    with open_world(folder, "dir") as world:
        assert world.run("train").code == 0
        content = world.file.read_bytes()
        world.file.unlink()
        died = world.run("drain", point=point)
        assert died.signal == signal.SIGKILL, died.said
        world.age()
        resumed = world.run("resume")
        assert resumed.code == 0, resumed.said
        world.require_ready()
        assert not world.file.exists()
        world.file.write_bytes(content)


@pytest.mark.reliability("kill -9 of the worker")
@pytest.mark.parametrize("point", IN_WORKER_FAST)
def test_what_a_hook_handed_over_is_published_once_when_its_worker_is_killed(tmp_path, point):
    die_in_worker(tmp_path, point)


@pytest.mark.slow
@pytest.mark.reliability("kill -9 of the worker")
@pytest.mark.parametrize("point", [point for point in IN_WORKER if point not in IN_WORKER_FAST])
def test_what_a_hook_handed_over_is_published_once_wherever_its_worker_is_killed(tmp_path, point):
    die_in_worker(tmp_path, point)


@pytest.mark.reliability("kill -9 of the worker")
@pytest.mark.parametrize("point", ["inbox.before_write", "inbox.before_rename", "inbox.after_rename"])
def test_a_trainer_that_is_killed_in_its_hand_over_leaves_all_or_nothing(tmp_path, point):
    with open_world(tmp_path, "dir") as world:
        died = world.run("train", point=point)
        assert died.signal == signal.SIGKILL, died.said
        world.age()
        assert world.run("resume").code == 0
        if point == "inbox.after_rename":
            world.require_ready()
        else:  # nothing was handed over: the file is where it was, and nothing else is left
            assert world.uploads() == []
            assert world.run("publish").code == 0
            world.require_once()
