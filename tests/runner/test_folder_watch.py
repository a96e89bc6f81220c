"""``rw-hooks watch`` publishes what appears in a folder: once, whole, and nothing that is no result."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rw_hooks.config.settings import load
from rw_hooks.engines.agent.intake import look
from rw_hooks.runner.folder_watch import Watch
from rw_hooks.runner.session import CommandHook
from rw_hooks.support.redact import fingerprint
from tests.doubles.runs import unfold
from tests.doubles.saves import EMBEDDING, save


def watch(training, **options):
    settings = load(options, environ=training.environ, directory=training.folder)
    return Watch(training.folder, settings)


def look_twice(watched):
    watched.look()
    watched.look()


def names(training):
    return sorted(Path(item.path).name for item in training.handed())


def test_a_file_that_appears_is_handed_over_once(training):
    watched = watch(training)
    save(training.folder / "toy.safetensors")
    for _ in range(4):
        watched.look()
    assert names(training) == ["toy.safetensors"]
    assert training.handed()[0].final


def test_a_dry_run_says_once_what_it_would_hand_over(training, capfd):
    watched = watch(training, dry_run=True)
    save(training.folder / "toy.safetensors")
    for _ in range(4):
        watched.look()
    assert training.handed() == []
    assert capfd.readouterr().err.count("dry run") == 1


def test_what_was_there_before_is_left_alone(training):
    save(training.folder / "old.safetensors")
    watched = watch(training)
    look_twice(watched)
    assert training.handed() == []


def test_a_growing_file_is_taken_when_it_is_whole_and_at_rest(training):
    watched = watch(training)
    content = save(training.folder / "toy.bin").read_bytes()
    file = training.folder / "toy.safetensors"
    with file.open("wb", buffering=0) as growing:
        for at in range(0, len(content), len(content) // 4):
            growing.write(content[at : at + len(content) // 4])
            assert training.handed() == []
            watched.look()
    look_twice(watched)
    assert names(training) == ["toy.safetensors"]


def test_a_renamed_file_and_one_in_a_new_folder_are_seen(training):
    watched = watch(training)
    save(training.folder / ".tmpAbCdEf").rename(training.folder / "toy.safetensors")
    look_twice(watched)
    save(training.folder / "new" / "deep" / "other.safetensors", source=EMBEDDING.with_name("sks_toy_lokr.safetensors"))
    look_twice(watched)
    assert names(training) == ["other.safetensors", "toy.safetensors"]


def test_identical_data_is_published_once_whatever_the_metadata(training, caplog):
    watched = watch(training)
    save(training.folder / "toy.safetensors", 1)
    look_twice(watched)
    save(training.folder / "copy.safetensors", 2)
    look_twice(watched)
    assert names(training) == ["toy.safetensors"]
    assert "copy.safetensors is not published" in caplog.text


def test_what_was_published_before_the_watch_is_known(published):
    first = CommandHook(load(environ=published.environ, directory=published.folder))
    first.on_save(save(published.folder / "toy.safetensors"), final=True)
    first.on_end()
    published.drain()
    watched = watch(published)
    save(published.folder / "again.safetensors", 7)
    look_twice(watched)
    assert published.handed() == []


@pytest.mark.parametrize(
    "elsewhere",
    [{"RUNWARE_API_URL": "http://127.0.0.1:9/v1"}, {"RUNWARE_API_KEY": "another"}, {"RW_HOOKS_AIR": "mine:1@1"}],
)
def test_what_was_published_elsewhere_is_not_published_here(published, monkeypatch, elsewhere):
    first = CommandHook(load(environ=published.environ, directory=published.folder))
    first.on_save(save(published.folder / "toy.safetensors"), final=True)
    first.on_end()
    published.drain()
    monkeypatch.setattr(published, "options", elsewhere)
    watched = watch(published)
    save(published.folder / "again.safetensors", 7)
    look_twice(watched)
    assert names(published) == ["again.safetensors"]


def test_what_the_hook_cannot_take_is_tried_again(training, monkeypatch):
    watched = watch(training)
    save(training.folder / "toy.safetensors")
    with monkeypatch.context() as patch:
        patch.setattr(watched.hook, "_current", lambda: None)
        look_twice(watched)
    look_twice(watched)
    assert names(training) == ["toy.safetensors"]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_the_command_waits_for_the_publication_where_that_is_asked_for(published, monkeypatch):
    monkeypatch.setattr(published, "options", {"RW_HOOKS_WORKER_COMMAND": "", "RW_HOOKS_WAIT": "yes"})
    command, environ = published.command("import rw_hooks.cli; rw_hooks.cli.main()")
    with subprocess.Popen(
        [*command, "watch", str(published.folder)], env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline().startswith("Watching")
        save(published.folder / "toy.safetensors")
        until = time.monotonic() + 30
        while not list((published.home / "standing").glob("*.json")) and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert "is ready as" in errors
    assert len(published.published()) == 1


def test_look_alikes_are_left(training, caplog):
    watched = watch(training)
    save(training.folder / "toy-state" / "model.safetensors")
    (training.folder / "page.safetensors").write_text("<html>")
    look_twice(watched)
    assert training.handed() == []
    assert "training state" in caplog.text


def test_an_intermediate_save_is_left_where_its_result_has_come(training, caplog):
    watched = watch(training)
    for number, name in enumerate(("toy", "toy-step00000001", "toy_000000250"), 1):
        save(training.folder / f"{name}.safetensors", data=number)
        look_twice(watched)
    assert names(training) == ["toy.safetensors"]
    assert caplog.text.count("not the final file") == 2


def decided(training, *, over):
    """Return the names of what is published now, and whether more may be when the watch ends."""
    found = look(training.home, "http://127.0.0.1:9/v1", {fingerprint("sandbox-key")}).sorted
    assert not (over and found.undecided)
    return sorted(Path(item.path).stem for item in found.due)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(
    ("came", "before", "after"),
    [
        (["mychara-08", "mychara-09", "mychara-10"], [], ["mychara-10"]),
        (["step_00500", "step_01000"], [], ["step_01000"]),
        (["x-9", "x-10"], [], ["x-10"]),
        (["x-000002", "x"], ["x"], ["x"]),
        (["lora_epoch3", "tree_epoch1", "lora_epoch4"], [], ["lora_epoch4", "tree_epoch1"]),
        (["red", "blue", "my_style_v2"], ["blue", "my_style_v2", "red"], ["blue", "my_style_v2", "red"]),
        (["red", "mychara-08", "mychara-09"], ["red"], ["mychara-09", "red"]),
        (["maya-2"], [], ["maya-2"]),
    ],
)
def test_of_numbered_files_the_newest_is_published_when_the_watch_ends(training, came, before, after, at_once):
    watched = watch(training)
    for number, name in enumerate(came, 1):
        save(training.folder / f"{name}.safetensors", data=number)
        if not at_once:
            look_twice(watched)
    look_twice(watched)
    assert decided(training, over=False) == before
    watched.hook.on_end(wait=False)
    assert decided(training, over=True) == after


def test_what_lay_there_before_decides_nothing(training):
    save(training.folder / "x-10.safetensors", data=1)
    save(training.folder / "tree.safetensors", data=2)
    watched = watch(training)
    save(training.folder / "x-08.safetensors", data=3)
    save(training.folder / "tree-000002.safetensors", data=4)
    look_twice(watched)
    watched.hook.on_end(wait=False)
    assert decided(training, over=True) == ["tree-000002", "x-08"]


@pytest.mark.parametrize(
    ("run", "saves"),
    [
        ("diffsynth/qwen_lora", ["epoch-0.safetensors", "epoch-1.safetensors", "epoch-4.safetensors"]),
        ("diffusion-pipe/wan13_lora", ["step2/adapter_model.safetensors", "epoch1/adapter_model.safetensors"]),
    ],
)
def test_where_the_result_has_no_name_the_newest_save_is_published_when_the_watch_ends(training, tmp_path, run, saves):
    recorded = unfold(run, tmp_path / "recorded") / "output"
    weights = [recorded / name for name in saves]
    kept = [file.read_bytes() for file in weights]
    for file in weights:
        file.unlink()
    shutil.copytree(recorded, training.folder, dirs_exist_ok=True)
    watched = watch(training)
    for number, (name, content) in enumerate(zip(saves, kept, strict=True)):
        (training.folder / name).write_bytes(content[:-1] + bytes([number]))
        look_twice(watched)
    assert look(training.home, "http://127.0.0.1:9/v1", {fingerprint("sandbox-key")}).sorted.due == []
    watched.hook.on_end(wait=False)
    found = look(training.home, "http://127.0.0.1:9/v1", {fingerprint("sandbox-key")}).sorted
    assert [item.path for item in found.due] == [str(training.folder / saves[-1])]


def test_all_takes_intermediate_saves_too(training):
    watched = watch(training, which="all")
    save(training.folder / "toy-step00000001.safetensors")
    look_twice(watched)
    assert names(training) == ["toy-step00000001.safetensors"]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_the_command_watches_until_it_is_told_to_stop(training):
    command, environ = training.command("import rw_hooks.cli; rw_hooks.cli.main()")
    with subprocess.Popen(
        [*command, "watch", str(training.folder)], env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline().startswith("Watching")
        save(training.folder / "toy.safetensors")
        until = time.monotonic() + 30
        while not training.handed() and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert "rw-hooks jobs" in process.stderr.read()
    assert names(training) == ["toy.safetensors"]


def test_a_folder_that_is_not_there_is_a_usage_error(training):
    command, environ = training.command("import rw_hooks.cli; rw_hooks.cli.main()")
    done = subprocess.run([*command, "watch", "nowhere"], env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no folder" in done.stderr
