"""A hook hands over what was saved, and never hurts the training."""

from __future__ import annotations

import logging
import os
import pickle
import stat
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rw_hooks
from rw_hooks.hook import PublishHook
from rw_hooks.hook.weights_file import weights_in
from rw_hooks.queue import snapshot
from rw_hooks.queue.runs import Run, begin, is_over, tell_trouble
from tests.doubles.saves import save

ONLY_FOR_POSIX = pytest.mark.skipif(os.name != "posix", reason="modes and links as POSIX has them")
ROOT_MAY_ALL = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")


def test_a_dry_run_hands_nothing_over_and_says_so(training, capfd):
    hook = PublishHook(dry_run=True)
    hook.on_save(save(training.folder / "lora.safetensors"), final=True)
    hook.on_end(wait=True)
    assert (training.handed(), hook.handed, training.home.exists()) == ([], 0, False)
    assert "dry run" in capfd.readouterr().err
    assert [path.name for path in training.folder.iterdir()] == ["lora.safetensors"]


@pytest.mark.parametrize(
    ("which", "kept"),
    [("final", {3}), ("last:2", {2, 3}), ("best", {2}), ("every:2", {2}), ("all", {1, 2, 3})],
)
def test_without_a_key_what_a_newer_save_replaces_takes_no_room(training, monkeypatch, which, kept):
    monkeypatch.delenv("RUNWARE_API_KEY")
    hook = PublishHook(which=which)
    for step in (1, 2, 3):
        for name in ("high", "low"):
            file = save(training.folder / f"{name}.safetensors", step)
            hook.on_save(file, step=step, metric=-abs(step - 2))
            file.unlink()
    assert len(training.handed()) == len(list((training.home / snapshot.SPOOL).iterdir())) == 2 * len(kept)
    assert {item.step for item in training.handed()} == kept


def test_without_a_key_a_final_save_takes_the_place_of_the_earlier_ones(training, monkeypatch):
    monkeypatch.delenv("RUNWARE_API_KEY")
    hook = PublishHook()
    for number in (1, 2, 3):
        hook.on_save(save(training.folder / f"lora-{number}.safetensors", number), final=number == 3)
    assert [item.number for item in training.handed()] == [3]
    assert len(list((training.home / snapshot.SPOOL).iterdir())) == 1


def test_a_save_is_linked_and_dropped(training):
    file = save(training.folder / "lora.safetensors")
    hook = PublishHook(trigger_words="sks", air="mine:1")
    hook.on_save(file, step=5, epoch=1, metric=0.5, facts={"name": "Toy", "base_model": Path("a/b")})
    [item] = training.handed()
    assert (item.path, item.step, item.epoch, item.metric, item.final) == (str(file), 5, 1, 0.5, False)
    assert item.facts == {"name": "Toy", "base_model": "a/b"}
    assert item.options["trigger_words"] == {"value": ["sks"], "source": "argument trigger_words"}
    assert item.options["wait"] == {"value": "no", "source": "RW_HOOKS_WAIT"}
    assert item.endpoint == training.environ["RUNWARE_API_URL"]
    assert item.account
    assert "sandbox-key" not in str(item)
    held = Path(item.held)
    assert held.parent == training.home / snapshot.SPOOL
    assert held.stat().st_ino == file.stat().st_ino == item.inode


@ONLY_FOR_POSIX
def test_what_a_hook_leaves_is_for_its_owner_alone(training):
    PublishHook().on_save(save(training.folder / "lora.safetensors"))
    folders = [training.home, *(path for path in training.home.rglob("*") if path.is_dir())]
    files = [path for path in training.home.rglob("*") if path.is_file() and path.suffix != snapshot.LINK]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"trigger_word": "sks"}, TypeError),
        ({"air": "sks"}, ValueError),
        ({"weight": 9}, ValueError),
        ({"config": "gone"}, ValueError),
    ],
)
def test_a_wrong_option_shows_at_step_0(training, options, error):
    with pytest.raises(error):
        PublishHook(**options)


@pytest.mark.parametrize(("name", "value"), [("which", "some"), ("log_level", "trace")])
def test_a_wrong_variable_shows_at_step_0(training, monkeypatch, name, value):
    monkeypatch.setenv(f"RW_HOOKS_{name.upper()}", value)
    with pytest.raises(ValueError, match=rf"(?i){name}"):
        PublishHook()


def test_a_log_level_is_named_as_the_command_line_takes_it(training, monkeypatch):
    monkeypatch.setenv("RW_HOOKS_LOG_LEVEL", "debug")
    PublishHook()


def test_options_come_from_argument_environment_and_file(training, monkeypatch):
    (training.folder / "rw-hooks.toml").write_text('name = "file"\nversion = "file"\ntags = ["file"]\n')
    monkeypatch.setenv("RW_HOOKS_NAME", "variable")
    monkeypatch.setenv("RW_HOOKS_VERSION", "variable")
    hook = PublishHook(name="argument")
    hook.on_save(save(training.folder / "lora.safetensors"))
    options = training.handed()[0].options
    assert [options[name]["value"] for name in ("name", "version", "tags")] == ["argument", "variable", ["file"]]


@pytest.mark.parametrize(
    "call",
    [
        lambda hook: hook.on_save("nowhere.safetensors"),
        lambda hook: hook.on_save(None),
        lambda hook: hook.on_save("lora.safetensors", facts={"name": object()}, step="x"),
        lambda hook: hook.on_save("lora.safetensors", metric="good"),
        lambda hook: hook.on_end(wait="for ever"),
        lambda hook: hook.on_error(None),
    ],
)
def test_calls_never_raise_whatever_they_are_given(training, caplog, call):
    save(training.folder / "lora.safetensors")
    hook = PublishHook()
    caplog.clear()
    call(hook)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 1


def test_what_cannot_be_kept_of_a_save_does_not_cost_the_save(training):
    facts = {"name": object(), "tags": {"b", "a"}}
    PublishHook().on_save(save(training.folder / "lora.safetensors"), step="x", metric="good", facts=facts)
    [item] = training.handed()
    assert (item.step, item.metric, item.facts["tags"]) == (None, None, ["a", "b"])


def test_facts_that_json_cannot_hold_are_left_out_and_said(training, caplog):
    circle = {}
    circle["itself"] = circle
    hook = PublishHook()
    caplog.clear()
    hook.on_save(save(training.folder / "lora.safetensors"), facts={"name": "Toy", "notes": circle, "at": {(1, 2): 3}})
    [item] = training.handed()
    assert item.facts == {"name": "Toy"}
    assert len(caplog.records) == 1
    assert "notes (ValueError), at (TypeError)" in caplog.text


def test_a_worker_that_cannot_be_started_is_said_and_the_save_is_kept(training, caplog):
    hook = PublishHook(worker_command="/no/such/worker")
    caplog.clear()
    hook.on_save(save(training.folder / "lora.safetensors"))
    assert "rw-hooks worker" in caplog.text
    assert len(training.handed()) == 1


def test_a_state_folder_that_cannot_be_written_is_one_warning(training, caplog, monkeypatch):
    (training.folder / "a-file").touch()
    monkeypatch.setenv("RW_HOOKS_HOME", str(training.folder / "a-file" / "home"))
    hook = PublishHook()
    for step in range(3):
        hook.on_save(save(training.folder / "lora.safetensors", step), step=step)
    hook.on_end(wait=True)
    assert len(caplog.records) == 1
    assert "RW_HOOKS_HOME" in caplog.text
    assert not (training.folder / ".rw-hooks").exists()


@ONLY_FOR_POSIX
def test_a_user_without_a_home_costs_a_warning_and_no_training(training, caplog, monkeypatch):
    monkeypatch.delenv("RW_HOOKS_HOME")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    hook = PublishHook()
    hook.on_save(save(training.folder / "lora.safetensors"))
    hook.on_end()
    assert len(caplog.records) == 1
    assert "RW_HOOKS_HOME" in caplog.text


def test_without_a_key_the_save_is_kept_for_later(training, caplog, monkeypatch):
    monkeypatch.delenv("RUNWARE_API_KEY")
    hook = PublishHook()
    hook.on_save(save(training.folder / "lora.safetensors"))
    hook.on_end(wait=True)
    assert [item.account for item in training.handed()] == [""]
    assert "RUNWARE_API_KEY" in caplog.text


@pytest.mark.parametrize("variable", ["RANK", "OMPI_COMM_WORLD_RANK", "LOCAL_RANK"])
def test_other_ranks_do_nothing(training, monkeypatch, variable):
    monkeypatch.setenv(variable, "3")
    hook = PublishHook()
    hook.on_save(save(training.folder / "lora.safetensors"))
    hook.on_end()
    assert not training.home.exists()


def test_a_deleted_file_stays_alive(training):
    file = save(training.folder / "lora.safetensors", 1)
    content = file.read_bytes()
    hook = PublishHook()
    hook.on_save(file)
    file.unlink()
    save(file, 2)
    assert Path(training.handed()[0].held).read_bytes() == content


def test_without_links_the_file_is_copied_and_that_is_said(training, caplog, monkeypatch):
    def no_links(*_arguments, **_options):
        raise OSError(95, "not supported")

    monkeypatch.setattr(snapshot.os, "link", no_links)
    file = save(training.folder / "lora.safetensors")
    PublishHook().on_save(file)
    [item] = training.handed()
    held = Path(item.held)
    assert held.read_bytes() == file.read_bytes()
    assert held.stat().st_ino != file.stat().st_ino
    assert "copied" in caplog.text


def test_of_a_symbolic_link_the_bytes_are_held(training):
    real = save(training.folder / "blobs" / "abc")
    (training.folder / "lora.safetensors").symlink_to(real)
    PublishHook().on_save(training.folder / "lora.safetensors")
    [item] = training.handed()
    assert Path(item.held).stat().st_ino == real.stat().st_ino
    assert Path(item.path).name == "lora.safetensors"


def test_the_run_goes_on_until_the_end_is_said(training):
    hook = PublishHook()
    hook.on_save(save(training.folder / "lora.safetensors"))
    run = training.handed()[0].run
    assert not is_over(training.home, run)
    hook.on_end()
    assert is_over(training.home, run)


def test_saves_are_counted_files_of_one_step_once(training):
    hook = PublishHook()
    for name, step in (("a", 1), ("b", 1), ("a", 2), ("b", 2)):
        hook.on_save(save(training.folder / f"{name}.safetensors", step), step=step)
    hook.on_save(save(training.folder / "c.safetensors"))
    hook.on_save(save(training.folder / "c.safetensors"))
    assert [item.number for item in training.handed()] == [1, 1, 2, 2, 3, 4]


def test_a_file_that_turns_out_to_be_the_final_one_stays_the_save_that_it_was(training):
    hook = PublishHook()
    for name in "ab":
        hook.on_save(save(training.folder / f"{name}.safetensors"), step=1 + ord(name))
    hook.on_save(training.folder / "b.safetensors", final=True)
    assert [item.number for item in training.handed()] == [1, 2, 2]


def test_a_second_training_with_one_hook_is_another_run(training):
    hook = PublishHook()
    for number in range(2):
        hook.on_save(save(training.folder / "lora.safetensors", number))
        hook.on_end()
    first, second = training.handed()
    assert first.run != second.run


def test_a_hook_can_be_sent_to_another_process(training):
    hook = PublishHook(name="n")
    again = pickle.loads(pickle.dumps(hook))
    again.on_save(save(training.folder / "lora.safetensors"))
    assert training.handed()[0].options["name"]["value"] == "n"


def test_what_stands_in_the_way_is_one_warning(training, caplog):
    hook = PublishHook()
    tell_trouble(training.home, hook._session.run, ["key: not accepted (set another)", "balance: 0 (add credit)"])
    until = time.monotonic() + 10
    while not caplog.records and time.monotonic() < until:
        time.sleep(0.05)
    assert len(caplog.records) == 1
    assert "key: not accepted" in caplog.text
    assert "add credit" in caplog.text


def test_a_run_without_saves_leaves_nothing_behind(training):
    PublishHook().on_end()
    assert list((training.home / "runs").iterdir()) == []


def test_publishing_hands_over_what_the_block_left(training):
    with rw_hooks.publishing(training.folder / "out") as hook:
        hook.on_save(save(training.folder / "out" / "lora.safetensors", 1), step=1)
        save(training.folder / "out" / "lora.safetensors", 2)
    assert [item.final for item in training.handed()] == [False, True]


def test_publishing_hands_over_what_a_failed_block_left(training):
    def train():
        save(training.folder / "lora.safetensors")
        raise MemoryError

    with pytest.raises(MemoryError), rw_hooks.publishing(training.folder / "lora.safetensors"):
        train()
    assert [item.final for item in training.handed()] == [False]
    assert is_over(training.home, training.handed()[0].run)


def test_publishing_does_not_take_an_older_file_or_half_of_one(training, caplog):
    old = save(training.folder / "old.safetensors")
    os.utime(old, ns=(1, 1))
    with rw_hooks.publishing(training.folder):
        half = save(training.folder / "half.safetensors")
        half.write_bytes(half.read_bytes()[:-1])
    assert training.handed() == []
    assert "nothing to publish" in caplog.text


def test_a_folder_stands_for_its_one_weights_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        weights_in(tmp_path)
    only = save(tmp_path / "x.safetensors")
    assert weights_in(tmp_path) == only
    adapter = save(tmp_path / "adapter_model.safetensors")
    assert weights_in(tmp_path) == adapter
    adapter.rename(tmp_path / "y.safetensors")
    with pytest.raises(ValueError, match="several"):
        weights_in(tmp_path)


def test_a_forked_worker_ends_no_run_and_a_spawned_one_starts_none(training):
    done = training.run("""
        import multiprocessing
        import rw_hooks
        from rw_hooks.queue.runs import is_over
        hook = rw_hooks.PublishHook()
        hook.on_save(save(Path("lora.safetensors")))
        home = Path(os.environ["RW_HOOKS_HOME"])
        run = hook._session.run
        if hasattr(os, "fork"):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=print)
        process.start()
        process.join()
        print(is_over(home, run), len(list((home / "runs").glob("*.json"))))
        """)
    assert done.stdout.split() == ["False", "1"], done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_run_ends_with_its_process_though_a_forked_worker_lives_on(training):
    with training.running("""
        import rw_hooks
        rw_hooks.PublishHook().on_save(save(Path("lora.safetensors")))
        child = os.fork()
        if child == 0:
            time.sleep(30)
        print("saved", flush=True)
        time.sleep(30)
        """) as process:
        run = training.handed()[0].run
        assert not is_over(training.home, run)
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
        process.kill()
        process.wait()
        assert is_over(training.home, run)
        for child in children.stdout.split():
            os.kill(int(child), 9)


def test_the_hand_over_takes_less_than_5_ms_whatever_the_size(training):
    file = save(training.folder / "lora.safetensors")
    with file.open("r+b") as sparse:
        sparse.truncate(8 << 30)
    hook = PublishHook()
    hook._see_worker = lambda: False
    seconds = []
    for step in range(60):
        started = time.perf_counter()
        hook.on_save(file, step=step)
        seconds.append(time.perf_counter() - started)
    assert statistics.median(seconds) < 0.005


def test_importing_the_hook_loads_nothing_heavy():
    script = "import rw_hooks.hook.publish_hook, sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    heavy = {"torch", "numpy", "httpx", "pydantic", "huggingface_hub", "filelock", "sqlite3"}
    assert heavy.isdisjoint(found.stdout.split())


def test_two_runs_of_one_process_are_told_apart(training):
    first, second = Run({}, "e", "a", "/"), Run({}, "e", "a", "/")
    lock, other = begin(training.home, first), begin(training.home, second)
    lock.release()
    assert (is_over(training.home, first.id), is_over(training.home, second.id)) == (True, False)
    other.release()
