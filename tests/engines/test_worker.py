"""The worker publishes what was handed over, whatever becomes of the trainer, and tells how it went."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rw_hooks.api.jobs import cancel, jobs, resume
from rw_hooks.config.settings import load
from rw_hooks.engines.local import worker
from rw_hooks.errors import UnreachableError
from rw_hooks.hook import PublishHook
from rw_hooks.hosts.directory import DirectoryHost
from rw_hooks.publication.observer import Silent
from rw_hooks.queue import snapshot, status
from rw_hooks.queue.inbox import QueueItem, drop
from rw_hooks.queue.worker_lease import WorkerLease
from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.support.redact import fingerprint
from tests.doubles.saves import save
from tests.doubles.training import Training
from tests.hook.conftest import prepared

ONLY_FOR_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

AT_ONCE = 8


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def settings(training: Training):
    return load(environ=training.environ, directory=training.folder)


def statuses(training: Training) -> list[str]:
    return [publication.status for publication in jobs(settings(training))]


def leftovers(training: Training) -> list[str]:
    kept = [path for path in training.folder.rglob("*") if snapshot.FOLDER in path.parts]
    state = [path for folder in ("runs", "inbox", "taken", "spool") for path in (training.home / folder).glob("*")]
    return [str(path) for path in (*kept, *state)]


def lease(training: Training) -> WorkerLease:
    return WorkerLease(
        training.home, training.environ["RUNWARE_API_URL"], fingerprint(training.environ["RUNWARE_API_KEY"])
    )


def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_the_last_save_is_published_and_the_others_are_superseded(published):
    hook = PublishHook()
    for step in range(3):
        file = save(published.folder / "lora.safetensors", step)
        hook.on_save(file, step=step)
        last = sha256(file)
        file.unlink()
    hook.on_end()
    published.drain()
    assert published.published() == {last}
    assert sorted(statuses(published)) == ["ready", "superseded", "superseded"]
    assert [stands.status for stands in hook.wait(1)] == ["superseded", "superseded", "ready"]
    assert leftovers(published) == []
    assert json.loads((published.folder / "lora.safetensors.rw.json").read_text())["airs"]


@pytest.mark.parametrize(("which", "wanted"), [("final", {13}), ("last:2", {12, 13}), ("best", {13})])
def test_only_what_is_asked_for_is_published_though_many_saves_lie_there(published, which, wanted):
    hook = PublishHook(which=which)
    saves = {number: save(published.folder / f"lora-{number}.safetensors", number, data=number) for number in range(14)}
    for number, file in saves.items():
        hook.on_save(file, metric=number, final=which == "final" and number == 13)
    hook.on_end()
    published.drain()
    assert published.published() == {sha256(saves[number]) for number in wanted}
    assert leftovers(published) == []


def test_a_save_that_cannot_be_superseded_does_not_keep_the_final_one_waiting(published, monkeypatch):
    monkeypatch.setattr(worker, "supersede", lambda *_: 1 / 0)
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora-1.safetensors", 1, data=1), step=1)
    final = save(published.folder / "lora.safetensors", 2, data=2)
    hook.on_save(final, final=True)
    hook.on_end()
    published.drain()
    assert published.published() == {sha256(final)}


def test_facts_step_and_options_of_the_hook_reach_the_description(published):
    hook = PublishHook(tags=["one"])
    hook.on_save(
        save(published.folder / "lora.safetensors"), final=True, facts={"trigger_words": ["mine"], "name": "Toy"}
    )
    published.drain()
    [model] = published.sandbox.world.models.values()
    assert model.fields["positiveTriggerWords"] == "mine"
    assert model.fields["name"] == "Toy"
    assert model.fields["tags"] == ["one"]


def test_a_file_rewritten_in_place_before_its_copy_is_not_published(published):
    hook = PublishHook()
    file = save(published.folder / "lora.safetensors", 1)
    hook.on_save(file, final=True)
    save(file, 22)
    hook.on_end()
    published.drain()
    assert published.published() == set()
    [failed] = jobs(settings(published))
    assert (failed.status, failed.error["code"], failed.sha256) == ("failed", "artifact_changed", None)
    [stands] = hook.wait(1)
    assert (stands.status, stands.code, stands.exit_code) == ("failed", "artifact_changed", 3)
    assert leftovers(published) == []


def test_a_save_that_waits_is_copied_so_that_a_later_rewrite_does_no_harm(published):
    with published.running("""
        import rw_hooks
        rw_hooks.PublishHook().on_save(save(Path("lora.safetensors"), 1))
        print("saved", flush=True)
        time.sleep(60)
        """) as trainer:
        [item] = published.handed()
        wanted = sha256(published.folder / "lora.safetensors")
        drain = threading.Thread(target=published.drain)
        drain.start()
        until(lambda: not Path(item.held).exists())
        save(published.folder / "lora.safetensors", 2)
        assert published.published() == set()
        trainer.kill()
        trainer.wait()
        drain.join(30)
    assert published.published() == {wanted}
    assert leftovers(published) == []


def test_no_copy_is_made_where_it_would_take_the_trainers_room(published, monkeypatch):
    monkeypatch.setattr(snapshot, "has_room", lambda *_: False)
    monkeypatch.setattr("rw_hooks.engines.agent.enrol.has_room", lambda *_: False)
    hook = PublishHook()
    file = save(published.folder / "lora.safetensors")
    hook.on_save(file, final=True)
    hook.on_end()
    published.drain()
    assert published.published() == {sha256(file)}
    assert leftovers(published) == []


def test_metadata_is_stripped_from_what_a_hook_handed_over(published):
    hook = PublishHook(strip_metadata="save")
    file = save(published.folder / "lora.safetensors", 5)
    hook.on_save(file, final=True)
    hook.on_end()
    published.drain()
    [digest] = published.published()
    assert digest != sha256(file)
    assert leftovers(published) == []
    assert list((published.home / "spool").glob("*")) == []


def test_the_same_bytes_twice_are_one_model(published):
    hook = PublishHook(which="all")
    for step in range(2):
        hook.on_save(save(published.folder / f"{step}.safetensors", 1), step=step)
    hook.on_end()
    published.drain()
    assert [stands.status for stands in hook.wait(1)] == ["ready", "ready"]
    assert len(published.sandbox.world.models) == 1
    assert leftovers(published) == []


@pytest.mark.parametrize(("status", "expected"), [("ready", "then"), ("failed", "failure")])
def test_commands_run_after_the_end(published, status, expected):
    report = published.folder / "report.py"
    report.write_text(
        "import json, os, sys\n"
        "known = {name: value for name, value in os.environ.items() if name.startswith('RW_HOOKS_')}\n"
        "open(sys.argv[1] + '.json', 'w').write(json.dumps([os.getcwd(), known]))\n"
    )
    command = f'"{sys.executable}" "{report}" '
    hook = PublishHook(then=command + "then", on_failure=command + "failure")
    file = save(published.folder / "lora.safetensors", 1)
    if status == "failed":
        file.write_bytes(b"no model at all")
    hook.on_save(file, final=True)
    published.drain()
    directory, known = json.loads((published.folder / f"{expected}.json").read_text())
    assert Path(directory) == published.folder
    assert (known["RW_HOOKS_STATUS"], known["RW_HOOKS_PATH"]) == (status, str(file))
    assert bool(known["RW_HOOKS_AIR"]) == (status == "ready")
    assert bool(known["RW_HOOKS_ERROR_CODE"]) == (status == "failed")
    assert len(list(published.folder.glob("*.json"))) == (2 if status == "ready" else 1)  # with the receipt


def test_trouble_is_found_at_construction(tmp_path, monkeypatch):
    with Sandbox(settings=SandboxSettings(balance=0, show_air_source=False)) as sandbox:
        training = prepared(Training(tmp_path / "run", tmp_path / "home", sandbox), monkeypatch)
        hook = PublishHook()
        training.drain()
        trouble = " ".join(json.loads((training.home / "runs" / f"{hook._session.run}.check").read_text())["trouble"])
        assert "balance" in trouble
        assert "AIR" in trouble
        hook.on_end()


def test_what_is_for_another_key_is_left(published, monkeypatch):
    monkeypatch.setenv("RUNWARE_API_KEY", "another")
    PublishHook().on_save(save(published.folder / "lora.safetensors"), final=True)
    published.drain()
    assert len(published.handed()) == 1
    assert published.published() == set()


def test_what_was_saved_without_a_key_is_published_by_resume(published, monkeypatch):
    monkeypatch.delenv("RUNWARE_API_KEY")
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora.safetensors"))
    hook.on_end()
    published.drain()
    assert published.published() == set()
    [publication] = resume(settings(published), (), Silent())
    assert publication.status == "ready"
    assert leftovers(published) == []


def test_resume_leaves_the_saves_of_a_training_that_goes_on(published):
    with published.running("""
        import rw_hooks
        hook = rw_hooks.PublishHook()
        for step in range(2):
            hook.on_save(save(Path("lora.safetensors"), step), step=step)
        print("saved", flush=True)
        time.sleep(60)
        """):
        assert list(resume(settings(published), (), Silent())) == []
        assert statuses(published) == ["superseded", "pending"]


def test_a_hand_over_can_be_cancelled(published):
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora.safetensors"))
    hook.on_end()
    [item] = published.handed()
    assert cancel(settings(published), item.id).status == "cancelled"
    published.drain()
    assert published.published() == set()
    assert not (published.folder / snapshot.FOLDER).exists()


def test_a_worker_goes_on_with_what_another_one_left(published):
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora.safetensors"), final=True)
    _cut_off_in(published, "host.after_upload")
    assert statuses(published) == ["pending"]
    assert [stands.status for stands in status.pending(published.home).values()] == ["pending"]
    published.drain()
    assert statuses(published) == ["ready"]
    assert [stands.status for stands in hook.wait(1)] == ["ready"]
    hook.on_end()


def test_a_worker_that_comes_after_the_time_of_a_publication_gives_it_its_time_anew(published):
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora.safetensors"), final=True)
    _cut_off_in(published, "host.after_upload")
    with closing(sqlite3.connect(published.home / "journal.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE publications SET expires_at = '2000-01-01T00:00:00.000+00:00'")
    published.drain()
    assert statuses(published) == ["ready"]
    assert [job.status for job in hook.wait(1)] == ["ready"]
    hook.on_end()


def test_what_cannot_be_reached_is_tried_again_until_it_can(published, monkeypatch):
    monkeypatch.setattr(worker, "_FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setenv("RW_HOOKS_ON_FAILURE", f"\"{sys.executable}\" -c \"open('failed', 'w')\"")
    served = published.sandbox.folder
    hook = PublishHook(host=f"dir://{served}/later?url={published.sandbox.files_url}later")
    away, come_back = [UnreachableError("host_folder_failing", "the folder is away")], DirectoryHost.upload

    def upload(*arguments):
        if away:
            raise away.pop()
        (served / "later").mkdir()
        return come_back(*arguments)

    monkeypatch.setattr(DirectoryHost, "upload", upload)
    hook.on_save(save(published.folder / "lora.safetensors"), final=True)
    hook.on_end()
    published.drain()
    assert statuses(published) == ["ready"]
    assert [stands.status for stands in hook.wait(1)] == ["ready"]
    assert not (published.folder / "failed").exists()


@pytest.mark.parametrize(("wait", "end"), [("auto", "pending"), ("yes", "ready")])
def test_an_end_that_was_not_told_to_wait_does_so_for_a_remote_that_is_away_no_longer_than_a_while(
    training, monkeypatch, caplog, wait, end
):
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setattr("rw_hooks.hook.publish_hook._PATIENCE_SECONDS", 0.5)
    hook = PublishHook()
    hook._see_worker = lambda: False
    hook.on_save(save(training.folder / "lora.safetensors"), final=True)
    [item] = training.handed()
    stands = status.JobStatus("pending", item.path, doing=status.TRY_AGAIN)
    status.write(training.home, item.id, stands)
    back = replace(stands, status="ready", air="mine:1@1")
    comes_back = threading.Timer(2.0, status.write, (training.home, item.id, back))
    comes_back.start()
    hook.on_end(wait=wait)
    assert status.read(training.home, item.id).status == end
    assert ("rw-hooks resume" in caplog.text) == (wait == "auto")
    comes_back.join()


def test_what_cannot_be_reached_keeps_nothing_else_waiting(published, monkeypatch):
    monkeypatch.setattr(worker, "_FIRST_PAUSE_SECONDS", 0.1)
    upload, last = DirectoryHost.upload, threading.Event()

    def away_until_the_last_came(host, file, *arguments):
        if file.name == "last.safetensors":
            last.set()
        elif not last.is_set():
            raise UnreachableError("host_folder_failing", "the folder is away")
        return upload(host, file, *arguments)

    monkeypatch.setattr(DirectoryHost, "upload", away_until_the_last_came)
    published.options = {"RW_HOOKS_CONCURRENCY": str(AT_ONCE)}
    hook = PublishHook(which="all")
    for number in range(AT_ONCE):
        hook.on_save(save(published.folder / f"{number}.safetensors", number), step=number)
    hook.on_save(save(published.folder / "last.safetensors", 99), final=True)
    hook.on_end()
    published.drain()
    assert statuses(published) == ["ready"] * (AT_ONCE + 1)
    assert leftovers(published) == []


def test_what_is_pending_keeps_its_link_when_another_save_is_published(published, monkeypatch):
    monkeypatch.setattr(snapshot, "has_room", lambda *_: False)
    monkeypatch.setattr("rw_hooks.engines.agent.enrol.has_room", lambda *_: False)
    monkeypatch.setattr(snapshot, "_ORPHAN_SECONDS", -1.0)
    monkeypatch.setattr(worker, "_SWEEP_SECONDS", 0.0)
    upload = DirectoryHost.upload

    def away_for_the_first(host, file, *arguments):
        if file.name == "first.safetensors":
            raise UnreachableError("host_folder_failing", "the folder is away")
        until(lambda: published.handed() == [])
        return upload(host, file, *arguments)

    monkeypatch.setattr(DirectoryHost, "upload", away_for_the_first)
    hook = PublishHook(which="all", timeout=3)
    for number, name in enumerate(("first", "second")):
        hook.on_save(save(published.folder / f"{name}.safetensors", number, data=number), step=number)
    [first, _] = published.handed()
    hook.on_end()
    published.drain()
    assert sorted(statuses(published)) == ["pending", "ready"]
    assert Path(first.held).exists()


def test_links_are_swept_once_in_a_while_and_not_for_each_save(published, monkeypatch):
    swept = []
    monkeypatch.setattr(worker, "sweep", lambda folder, _waiting: swept.append(folder))
    hook = PublishHook(which="all")
    for step in range(3):
        hook.on_save(save(published.folder / f"{step}.safetensors", step, data=step), step=step)
    hook.on_end()
    published.drain()
    assert statuses(published) == ["ready"] * 3
    assert swept == [published.home / "spool"]


def test_what_waits_for_its_turn_is_copied_meanwhile(published, monkeypatch):
    upload, go_on = DirectoryHost.upload, threading.Event()

    def slow(*arguments):
        assert go_on.wait(60)
        return upload(*arguments)

    monkeypatch.setattr(DirectoryHost, "upload", slow)
    published.options = {"RW_HOOKS_CONCURRENCY": str(AT_ONCE)}
    hook = PublishHook(which="all")
    for number in range(AT_ONCE):
        hook.on_save(save(published.folder / f"{number}.safetensors", number), step=number)
    drain = threading.Thread(target=published.drain)
    drain.start()
    until(lambda: published.handed() == [])
    last = save(published.folder / "last.safetensors", 99)
    wanted = sha256(last)
    hook.on_save(last, final=True)
    [item] = published.handed()
    until(lambda: not Path(item.held).exists())
    save(last, 100)
    hook.on_end()
    go_on.set()
    drain.join(60)
    assert wanted in published.published()
    assert statuses(published) == ["ready"] * (AT_ONCE + 1)
    assert leftovers(published) == []


def _cut_off_in(published: Training, point: str) -> None:
    """Have a worker die at this point."""
    command, environ = published.command(f"""
        from rw_hooks.support.failpoints import set_trigger
        from rw_hooks.engines.base import open_engine
        from rw_hooks.config.settings import load
        def die(name):
            if name == "{point}":
                os._exit(9)
        set_trigger(die)
        with open_engine(load()) as engine:
            engine.serve()
        """)
    died = subprocess.run(command, env=environ, cwd=published.folder, check=False, capture_output=True)
    assert died.returncode == 9


def test_a_worker_goes_on_after_the_journal_was_lost(published):
    hook = PublishHook()
    file = save(published.folder / "lora.safetensors")
    wanted = sha256(file)
    hook.on_save(file, final=True)
    file.unlink()
    _cut_off_in(published, "host.after_upload")
    for part in published.home.glob("journal.sqlite3*"):
        part.unlink()
    hook.on_end()
    published.drain()
    assert published.published() == {wanted}
    assert statuses(published) == ["ready"]
    assert [stands.status for stands in hook.wait(1)] == ["ready"]
    assert leftovers(published) == []


def test_a_publication_that_is_lost_with_its_hand_over_is_told_and_harms_no_other(published):
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora.safetensors"), final=True)
    _cut_off_in(published, "host.after_upload")
    for part in (*published.home.glob("journal.sqlite3*"), *published.home.glob("taken/*")):
        part.unlink()
    hook.on_save(save(published.folder / "other.safetensors", 2), final=True)
    hook.on_end()
    published.drain()
    assert statuses(published) == ["ready"]
    assert [(stands.status, stands.code) for stands in hook.wait(1)] == [("failed", "journal_lost"), ("ready", "")]


def test_there_is_one_worker(published):
    assert lease(published).acquire()
    hook = PublishHook()
    hook.on_save(save(published.folder / "lora.safetensors"), final=True)
    command, environ = published.command("import rw_hooks.cli; sys.argv = ['rw-hooks', 'worker']; rw_hooks.cli.main()")
    second = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    assert "Another worker" in second.stderr
    assert len(published.handed()) == 1


def test_a_worker_that_died_holds_no_lease(published):
    script = """
        from rw_hooks.queue.worker_lease import WorkerLease
        from rw_hooks.support.redact import fingerprint
        account = fingerprint(os.environ["RUNWARE_API_KEY"])
        held = WorkerLease(Path(os.environ["RW_HOOKS_HOME"]), os.environ["RUNWARE_API_URL"], account)
        assert held.acquire()
        print("saved", flush=True)
        time.sleep(60)
        """
    with published.running(script) as process:
        assert lease(published).is_held
        assert not lease(published).acquire()
        process.kill()
        process.wait()
        assert not lease(published).is_held
    mine = lease(published)
    assert mine.acquire()
    mine.stop_heartbeat()
    assert not mine.is_held
    mine.release()


@ONLY_FOR_POSIX
@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_a_trainer_killed_after_a_save_loses_nothing(tmp_path, monkeypatch, platform, wait):
    """With a real worker, which the hook starts by itself."""
    training = Training(tmp_path / "run", tmp_path / "home", platform, {"RW_HOOKS_WORKER_COMMAND": ""})
    prepared(training, monkeypatch)
    with training.running("""
        import rw_hooks
        rw_hooks.PublishHook().on_save(save(Path("lora.safetensors")))
        print("saved", flush=True)
        time.sleep(60)
        """) as trainer:
        wanted = sha256(training.folder / "lora.safetensors")
        time.sleep(wait)
        os.kill(trainer.pid, signal.SIGKILL)
        trainer.wait()
    (training.folder / "lora.safetensors").unlink()
    until(lambda: training.published() == {wanted})
    until(lambda: not lease(training).is_held)
    until(lambda: leftovers(training) == [])
    assert training.environ["RUNWARE_API_KEY"] not in (training.home / "logs" / "worker.log").read_text()


def test_an_older_hand_over_without_a_run_is_due(published):
    """A command's queue item that was left behind by a crash."""
    file = save(published.folder / "lora.safetensors")
    status = file.stat()
    given = {"host": published.environ["RW_HOOKS_HOST"], "architecture": "sd1x"}
    item = QueueItem(
        path=str(file), held=str(file), size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino,
        options={name: {"value": value, "source": f"--{name}"} for name, value in given.items()},
        endpoint=published.environ["RUNWARE_API_URL"], account=fingerprint(published.environ["RUNWARE_API_KEY"]),
    )  # fmt: skip
    drop(published.home, item, durable=True)
    published.drain()
    assert published.published() == {sha256(file)}
    assert file.exists()
