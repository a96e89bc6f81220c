"""A thousand saves of one training, handed over to workers that are killed again and again."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from rw_hooks.api.jobs import jobs
from rw_hooks.config.settings import load
from rw_hooks.hook import PublishHook
from rw_hooks.sandbox import Sandbox
from tests.doubles.saves import save
from tests.doubles.training import Training
from tests.reliability.figures import LostError, TwiceError, require

SAVES = 1000
WORKERS = 4
LONGEST_SECONDS = 1200.0


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_SECONDS + 60)
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.reliability("many at once", cases=SAVES)
def test_a_thousand_saves_outlive_their_workers(tmp_path, monkeypatch):
    with Sandbox() as platform:
        training = Training(tmp_path / "run", tmp_path / "home", platform)
        training.folder.mkdir()
        monkeypatch.chdir(training.folder)
        for name, value in training.environ.items():
            monkeypatch.setenv(name, value)
        saved = _saved(training.folder / "lora.safetensors")
        until = time.monotonic() + LONGEST_SECONDS
        while not _is_done(training) and time.monotonic() < until:
            _let_workers_live(training, random.uniform(3.0, 25.0))
        workers = [_worker(training) for _ in range(WORKERS)]
        assert [worker.wait(120) for worker in workers] == [0] * WORKERS
        counts = Counter(sha256 for _, sha256 in platform.world.registrations.elements())
        require(set(counts) == saved, LostError, f"{len(saved - set(counts))} of {len(saved)}")
        require(set(counts.values()) == {1}, TwiceError, f"registered: {counts.most_common(3)}")
        fetched = Counter(entry.air for entry in platform.world.downloads if not entry.problem)
        require(set(fetched.values()) == {1}, TwiceError, f"downloads: {fetched.most_common(3)}")
        publications = jobs(load(environ=training.environ, directory=training.folder))
        assert Counter(publication.status for publication in publications) == {"ready": SAVES}


def _saved(file: Path) -> set[str]:
    """Save again and again under one name, as a trainer that keeps its newest only, and say what was saved."""
    hook, saved = PublishHook(which="all"), set[str]()
    for step in range(SAVES):
        save(file, step)
        saved.add(hashlib.sha256(file.read_bytes()).hexdigest())
        hook.on_save(file, step=step)
        file.unlink()
    hook.on_end()
    assert len(saved) == SAVES
    return saved


def _worker(training: Training) -> subprocess.Popen[bytes]:
    _, environ = training.command("")
    return subprocess.Popen(
        [sys.executable, "-m", "rw_hooks", "worker"], env=environ, cwd=training.folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _let_workers_live(training: Training, seconds: float) -> None:
    workers = [_worker(training) for _ in range(WORKERS)]
    time.sleep(seconds)
    for worker in workers:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _is_done(training: Training) -> bool:
    return not [*training.home.glob("inbox/*.json"), *training.home.glob("taken/*.json")]
