"""One process and one thread at a time, however the others end, and one file for all names."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from rw_hooks.errors import UnreachableError
from rw_hooks.support import named_locks
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.named_locks import clear_older_locks, held

ROOT = Path(__file__).parents[2]
NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
NAME = "publication 0123456789ab"
HOLD = """
import sys, time
from pathlib import Path
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.named_locks import held
with held(Path(sys.argv[1]), sys.argv[2], Deadline.after(10)):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def another(tmp_path):
    """Start processes that hold a lock until they are told to end."""
    with ExitStack() as stack:

        def start(name: str = NAME) -> subprocess.Popen[bytes]:
            words = [sys.executable, "-c", HOLD, tmp_path, name]
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline().strip() == b"held"
            return process

        yield start


def let_go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def is_free(home: Path, name: str = NAME, seconds: float = 0.0) -> bool:
    try:
        with held(home, name, Deadline.after(seconds)):
            return True
    except UnreachableError as error:
        if error.code != "in_other_hands":
            raise
        return False


def is_free_for_others(home: Path, name: str = NAME) -> bool:
    script = HOLD.replace("after(10)", "after(0)").replace("sys.stdin.readline()", "")
    return subprocess.run([sys.executable, "-c", script, home, name], cwd=ROOT, check=False,
                          capture_output=True).returncode == 0  # fmt: skip


def test_two_processes_exclude_each_other(tmp_path, another):
    process = another()
    assert not is_free(tmp_path)
    assert is_free(tmp_path, "publication of another")
    let_go(process)
    assert process.wait(10) == 0
    assert is_free(tmp_path)


def test_a_lock_that_is_held_here_is_not_free_elsewhere(tmp_path):
    with held(tmp_path, NAME, Deadline.after(1)):
        assert not is_free_for_others(tmp_path)
        with held(tmp_path, "publication of another", Deadline.after(1)):
            pass
        assert not is_free_for_others(tmp_path), "letting go of one name let go of another"
    assert is_free_for_others(tmp_path)


def test_what_a_killed_process_held_is_free(tmp_path, another):
    process = another()
    assert not is_free(tmp_path)
    process.kill()
    process.wait(10)
    assert is_free(tmp_path)


def test_a_lock_is_waited_for_until_it_is_free(tmp_path, another):
    process = another()
    threading.Timer(0.3, let_go, [process]).start()
    assert is_free(tmp_path, seconds=10)


def test_a_lock_is_waited_for_no_longer_than_the_deadline(tmp_path, another):
    another()
    started = time.monotonic()
    assert not is_free(tmp_path, seconds=0.3)
    assert 0.3 <= time.monotonic() - started < 5


def test_threads_exclude_each_other(tmp_path):
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(5):
            with held(tmp_path, NAME, Deadline.after(30)):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.005)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_thread_may_wait_longer_than_the_operating_system_can(tmp_path):
    with ExitStack() as first:
        first.enter_context(held(tmp_path, NAME, Deadline.after(1)))
        waits = threading.Timer(0.2, first.close)
        waits.start()
        with held(tmp_path, NAME, Deadline.after(2 * threading.TIMEOUT_MAX)):
            waits.join()


def test_processes_with_threads_exclude_each_other(tmp_path):
    script = """
import sys, threading, time
from pathlib import Path
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.named_locks import held
home = Path(sys.argv[1])
def work(number):
    for turn in range(5):
        with held(home, f"receipt {number}-{turn}", Deadline.after(30)), held(home, "publication", Deadline.after(30)):
            count = int((home / "count").read_text())
            time.sleep(0.002)
            (home / "count").write_text(str(count + 1))
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
"""
    (tmp_path / "count").write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "60"


def test_a_thread_that_holds_a_lock_is_refused_it_again(tmp_path):
    with held(tmp_path, NAME, Deadline.after(1)):
        assert not is_free(tmp_path)
    assert is_free(tmp_path)


def test_locks_of_two_kinds_are_never_the_same(tmp_path):
    kinds = ("item", "enroll", "publication", "air", "receipt", "anything")
    ranges = {kind: {named_locks._byte(f"{kind} {number}") >> 27 for number in range(1000)} for kind in kinds}
    assert sorted(ranges.values()) == [{0}, {1}, {2}, {3}, {4}, {5}]
    assert max(named_locks._byte(f"anything {number}") for number in range(1000)) < 2**30
    with ExitStack() as stack:
        for kind in kinds:
            stack.enter_context(held(tmp_path, f"{kind} x", Deadline.after(0)))
    with held(tmp_path, "item x", Deadline.after(0.0)):
        assert not is_free(tmp_path, "item x")


def test_all_names_are_one_file_and_none_stays_open(tmp_path):
    for number in range(50):
        assert is_free(tmp_path, f"publication {number}")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["locks", "locks/all.lock"]
    assert (tmp_path / "locks" / "all.lock").stat().st_size == 0
    assert named_locks._open_files.files == {}


@NEEDS_FORK
def test_a_forked_child_holds_no_lock_and_frees_none(tmp_path):
    with held(tmp_path, NAME, Deadline.after(1)):
        child = multiprocessing.get_context("fork").Process(target=_in_child, args=(tmp_path,))
        child.start()
        child.join(20)
        assert child.exitcode == 0
        assert not is_free_for_others(tmp_path)
    assert is_free_for_others(tmp_path)


def _in_child(home: Path) -> None:
    assert not is_free(home)
    assert is_free(home, "publication of another")
    assert not is_free(home)


@NEEDS_FORK
def test_a_child_that_leaves_the_block_of_its_parent_frees_nothing(tmp_path):
    with held(tmp_path, NAME, Deadline.after(1)), ExitStack() as stack:
        child = os.fork()
        if not child:
            stack.callback(os._exit, 0)
        else:
            assert os.waitpid(child, 0)[1] == 0
            assert not is_free_for_others(tmp_path)
            child = os.fork()
            if not child:
                _leave(tmp_path)
            assert os.waitpid(child, 0)[1] == 0
            assert not is_free_for_others(tmp_path)


def _leave(home: Path) -> None:
    """Go on as a forked child that runs into the end of blocks which its parent began."""
    block = held(home, "receipt", Deadline.after(1))
    block.__enter__()
    child = os.fork()
    if child:
        ended = os.waitpid(child, 0)[1]
        still_held = not is_free_for_others(home, "receipt")
        os._exit(0 if ended == 0 and still_held else 1)
    block.__exit__(None, None, None)
    os._exit(0)


@NEEDS_FORK
def test_a_child_outlives_its_parent_and_does_not_keep_its_lock(tmp_path):
    fork = "    import os\n    if not os.fork():\n        os.close(1); time.sleep(30)\n"
    script = HOLD.replace("    print(", fork + "    print(")
    with subprocess.Popen([sys.executable, "-c", script, tmp_path, NAME], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        assert not is_free(tmp_path)
        process.kill()
        process.wait(10)
        assert is_free(tmp_path)
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="Windows removes nothing that somebody has open")
def test_a_state_folder_that_was_removed_meanwhile_has_locks_again(tmp_path, another):
    home = tmp_path
    with held(home, NAME, Deadline.after(1)):
        shutil.rmtree(home / "locks")
        assert is_free(home)
        another()
        assert not is_free(home)


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right on Windows")
def test_two_paths_to_one_folder_are_one_lock(tmp_path):
    home, link = tmp_path / "home", tmp_path / "link"
    home.mkdir()
    link.symlink_to(home, target_is_directory=True)
    with held(home, NAME, Deadline.after(1)):
        assert not is_free(link)
        assert not is_free_for_others(home), "closing a second descriptor let go of the lock"


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "locks").touch()
    with pytest.raises(UnreachableError) as caught, held(tmp_path, NAME, Deadline.after(0)):
        pass
    assert caught.value.code == "machine_trouble"


@pytest.mark.skipif(os.name == "nt", reason="Windows tells by the removing itself")
def test_lock_files_of_earlier_versions_are_removed_when_they_are_free(tmp_path):
    import fcntl

    folder = tmp_path / "locks"
    folder.mkdir()
    free, taken, other = folder / ("0a" * 12 + ".lock"), folder / ("0b" * 12 + ".lock"), folder / "all.lock"
    for path in (free, taken, other):
        path.touch()
    with taken.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        clear_older_locks(tmp_path)
        assert sorted(folder.iterdir()) == sorted([taken, other])
    clear_older_locks(tmp_path)
    assert list(folder.iterdir()) == [other]
