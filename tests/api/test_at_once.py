"""Many publications at once: waits go side by side, all are enrolled first, and the outcome is told in order."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from rw_hooks.api.jobs import jobs, resume
from rw_hooks.api.publish import publish_all
from rw_hooks.hosts.directory import DirectoryHost
from rw_hooks.publication.observer import Silent
from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.sandbox.adapter import make_adapter
from tests.api.conftest import settings_for
from tests.reliability.harness import open_world

FILES = 8
WAIT_SECONDS = 1.0


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    made = [folder / f"{number}.safetensors" for number in range(FILES)]
    for number, file in enumerate(made):
        make_adapter(file, number, 1, lambda _step, _loss: None)
    return made


@pytest.fixture
def slow_sandbox(tmp_path: Path):
    with Sandbox(tmp_path / "served", settings=SandboxSettings(delays={"stored": WAIT_SECONDS})) as sandbox:
        yield sandbox


@pytest.fixture
def slow(tmp_path: Path, slow_sandbox: Sandbox):
    return settings_for(tmp_path, slow_sandbox)


def at_once(monkeypatch: pytest.MonkeyPatch, place: type, name: str) -> list[int]:
    """Have each call of a method take a while, and return a list of how many calls there were at a time."""
    there, lock, act = [0], threading.Lock(), getattr(place, name)
    seen: list[int] = []

    def count(step: int) -> None:
        with lock:
            there[0] += step
            seen.append(there[0])

    def counted(*arguments):
        count(1)
        try:
            time.sleep(0.3)
            return act(*arguments)
        finally:
            count(-1)

    monkeypatch.setattr(place, name, counted)
    return seen


def test_files_that_wait_at_the_platform_wait_side_by_side(slow, files):
    started = time.monotonic()
    ended = list(publish_all(files, slow(), Silent()))
    assert [entry.path for entry in ended] == [str(file) for file in files]
    assert {entry.status for entry in ended} == {"ready"}
    assert time.monotonic() - started < FILES * WAIT_SECONDS * 0.8


def test_one_at_a_time_where_that_is_asked_for(slow, files):
    started = time.monotonic()
    assert {entry.status for entry in publish_all(files[:3], slow(concurrency=1), Silent())} == {"ready"}
    assert time.monotonic() - started > 3 * WAIT_SECONDS


def test_four_files_are_sent_at_once(slow, files, monkeypatch):
    sent = at_once(monkeypatch, DirectoryHost, "upload")
    assert {entry.status for entry in publish_all(files, slow(), Silent())} == {"ready"}
    assert max(sent) == 4


def test_what_is_resumed_waits_side_by_side_too(slow, slow_sandbox, files):
    later = slow_sandbox.folder / "later"
    away = slow(host=f"dir://{later}?url={slow_sandbox.files_url}later/")
    assert {entry.status for entry in publish_all(files, away, Silent())} == {"failed"}
    later.mkdir()
    started = time.monotonic()
    ended = list(resume(slow(), [], Silent()))
    assert [entry.status for entry in ended] == ["ready"] * FILES
    assert time.monotonic() - started < FILES * WAIT_SECONDS * 0.8


def test_all_files_are_enrolled_before_the_first_is_sent(tmp_path):
    with open_world(tmp_path, "dir") as world:
        others = [world.file.with_name(f"{number}.safetensors") for number in range(2)]
        for number, file in enumerate(others):
            make_adapter(file, 50 + number, 1, lambda _step, _loss: None)
        world.options.pop("air")
        names = [str(world.file), *map(str, others)]
        died = world.run("publish", point="host.before_upload", files=names)
        assert died.signal == signal.SIGKILL
        assert sorted(row.path for row in world.journal()) == sorted(names)
        assert world.run("resume").code == 0
        assert {row.status for row in world.journal()} == {"ready"}


def test_jobs_are_listed_with_what_machines_read(tmp_path, settings, lora):
    list(publish_all([lora], settings(host="dir:///nowhere-at-all?url=http://127.0.0.1:9/"), Silent()))
    [job] = jobs(settings())
    shown = job.model_dump(mode="json")
    assert list(shown) == ["id", "status", "air", "path", "sha256", "machine", "stage", "created_at", "error"]
    assert (shown["status"], shown["stage"], shown["machine"]) == ("failed", "host", os.uname().nodename)
    assert shown["error"]["code"] == "host_folder_missing"
    list(resume(settings(), [], Silent()))
