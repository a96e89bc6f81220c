"""``rw-hooks run`` keeps a trainer as it is, and publishes what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from unittest import mock

import pytest

from rw_hooks.config.settings import load
from rw_hooks.errors import UsageError
from rw_hooks.queue.due import sort_out
from rw_hooks.queue.runs import known
from rw_hooks.runner import output_dirs
from rw_hooks.runner.child_process import run_child
from rw_hooks.runner.output_dirs import Places, look_at, without_secrets
from rw_hooks.runner.session import Session
from tests.doubles.saves import save

ONLY_FOR_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


def trainer(training, script):
    """Write a trainer that takes ``--output_dir`` and ``--output_name`` as kohya's scripts do."""
    path = training.folder / "train_network.py"
    prelude = """
        import argparse, os, sys, time
        from pathlib import Path
        from tests.doubles.saves import save
        parser = argparse.ArgumentParser()
        parser.add_argument("--output_dir", type=Path)
        parser.add_argument("--output_name", default="toy")
        parser.add_argument("--huggingface_token")
        args, _ = parser.parse_known_args()
        out = args.output_dir
        """
    path.write_text(textwrap.dedent(prelude) + textwrap.dedent(script))
    return [sys.executable, str(path), "--output_dir", "out", "--output_name", "toy"]


def rw_hooks(training, *words, stdin=None):
    command, environ = training.command("import rw_hooks.cli; rw_hooks.cli.main()")
    return [*command, *words], environ


def run(training, command, *options):
    words, environ = rw_hooks(training, "run", *options, "--", *command)
    return subprocess.run(
        words,
        env=environ,
        cwd=training.folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        input="typed\n",
    )


def names(training):
    return [(Path(item.path).name, item.final) for item in training.handed()]


def test_the_final_file_is_handed_over_and_the_intermediate_ones_are_not(training):
    done = run(training, trainer(training, """
        for step in (1, 2):
            save(out / f"toy-step0000000{step}.safetensors", step)
        save(out / "toy-state" / "model.safetensors", 3)
        save(out / "toy.safetensors", 4)
        """))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert names(training) == [("toy.safetensors", True)]
    assert "train_network.py" in " ".join(training.handed()[0].argv)


def test_streams_and_exit_code_are_the_trainers(training):
    done = run(training, trainer(training, """
        print("read", input())
        print("trouble", file=sys.stderr)
        sys.exit(7)
        """))  # fmt: skip
    assert done.returncode == 7
    assert done.stdout == "read typed\n"
    assert "trouble\n" in done.stderr


def test_a_result_is_published_though_the_trainer_failed_after_it(training):
    done = run(training, trainer(training, """
        save(out / "toy.safetensors")
        raise MemoryError("in the last inference")
        """))  # fmt: skip
    assert done.returncode == 1
    assert names(training) == [("toy.safetensors", True)]


def test_a_dry_run_trains_and_hands_nothing_over(training):
    ended = run(training, trainer(training, """save(out / "toy.safetensors")"""), "--dry-run")
    assert (ended.returncode, training.handed()) == (0, [])
    assert "dry run" in ended.stderr


def test_nothing_to_publish_is_a_warning(training):
    done = run(training, trainer(training, "pass"))
    assert done.returncode == 0
    assert "Nothing to publish" in done.stderr


@pytest.mark.parametrize(
    ("saves", "result", "final"),
    [
        (["toy-step00000001", "toy-step00000002"], "toy-step00000002", False),
        (["toy-08", "toy-09", "toy-10"], "toy-10", True),
        (["toy-9", "toy-10"], "toy-10", True),
        (["toy-08", "toy-09", "toy"], "toy", True),
    ],
)
def test_of_numbered_saves_the_newest_is_the_result(training, saves, result, final):
    script = f"for number, name in enumerate({saves!r}):\n    save(out / (name + '.safetensors'), number)"
    done = run(training, trainer(training, script))
    assert done.returncode == 0, done.stderr
    assert names(training) == [(f"{result}.safetensors", final)]


def test_numbered_saves_that_were_seen_while_training_are_handed_over_once_and_the_newest_is_final(training):
    settings = load({"which": "every:2"}, environ=training.environ, directory=training.folder)
    session = Session(settings, trainer(training, "pass"), training.folder)
    for number in (8, 9, 10):
        save(training.folder / "out" / f"toy-{number:02d}.safetensors", data=number)
        session.look()
        session.look()
    assert session.end(failed=False)
    session.hook.on_end(wait=False)
    assert names(training)[-1] == ("toy-10.safetensors", True)
    assert [final for _, final in names(training)] == [False, False, False, True]
    due = sort_out(training.handed(), lambda _run: True).due
    assert [Path(item.path).stem for item in due] == ["toy-09", "toy-10"]


UNRELATED = "save(out / 'red-step00000001.safetensors'); save(out / 'blue-step00000002.safetensors')"


def test_a_training_that_left_unrelated_saves_and_no_final_file_says_what_to_do(training):
    command = trainer(training, UNRELATED)[:-2]
    done = run(training, command)
    assert done.returncode == 4
    assert "--which" in done.stderr
    assert training.handed() == []


def test_a_failed_training_is_asked_nothing_and_gives_the_newest_of_each_name(training):
    done = run(training, trainer(training, UNRELATED + "; sys.exit(9)")[:-2])
    assert done.returncode == 9
    assert sorted(names(training)) == [
        ("blue-step00000002.safetensors", False),
        ("red-step00000001.safetensors", False),
    ]


def test_two_results_are_two_models(training):
    done = run(training, trainer(training, "save(out / 'red.safetensors'); save(out / 'blue.safetensors', 1)")[:-2])
    assert done.returncode == 0, done.stderr
    assert sorted(names(training)) == [("blue.safetensors", True), ("red.safetensors", True)]


def test_what_was_there_before_is_left_alone(training):
    save(training.folder / "out" / "toy.safetensors")
    done = run(training, trainer(training, "pass"))
    assert "Nothing to publish" in done.stderr


def test_saves_are_handed_over_while_the_training_goes_on(training):
    done = run(training, trainer(training, """
        for step in (1, 2, 3):
            save(out / f"toy-step0000000{step}.safetensors", step)
            time.sleep(0.1)
        time.sleep(5)
        for file in out.glob("*-step*"):
            file.unlink()
        save(out / "toy.safetensors", 4)
        """), "--which", "every:2")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert names(training) == [
        ("toy-step00000001.safetensors", False),
        ("toy-step00000002.safetensors", False),
        ("toy-step00000003.safetensors", False),
        ("toy.safetensors", True),
    ]


def test_a_final_file_that_a_look_saw_counts_once(published):
    settings = load({"which": "last:2"}, environ=published.environ, directory=published.folder)
    session = Session(settings, trainer(published, "pass"), published.folder)
    for name in ("toy-step00000001", "toy-step00000002", "toy"):
        save(published.folder / "out" / f"{name}.safetensors", data=len(published.handed()) + 1)
        session.look()
        session.look()
    assert session.end(failed=False)
    session.hook.on_end(wait=False)
    published.drain()
    assert len(published.published()) == 2


def test_of_all_saves_the_final_one_too_is_handed_over_once(training):
    settings = load({"which": "all"}, environ=training.environ, directory=training.folder)
    session = Session(settings, trainer(training, "pass"), training.folder)
    for number, name in enumerate(("toy-step00000001", "toy"), 1):
        save(training.folder / "out" / f"{name}.safetensors", data=number)
        session.look()
        session.look()
    assert session.end(failed=False)
    session.hook.on_end(wait=False)
    assert [name for name, _ in names(training)] == ["toy-step00000001.safetensors", "toy.safetensors"]


def test_the_whole_way(published, monkeypatch):
    monkeypatch.setattr(published, "options", {"RW_HOOKS_WORKER_COMMAND": "", "RW_HOOKS_WAIT": ""})
    done = run(published, trainer(published, "save(out / 'toy.safetensors')"), "--json", "--tags", "mine")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["status"] == "ready"
    assert shown["sources"]["tags"] == "--tags"
    assert len(published.published()) == 1


def test_without_a_key_the_trainer_still_runs(training, monkeypatch):
    monkeypatch.setattr(training, "options", {"RUNWARE_API_KEY": ""})
    done = run(training, trainer(training, "save(out / 'toy.safetensors')"))
    assert done.returncode == 4
    assert "RUNWARE_API_KEY" in done.stderr
    assert names(training) == [("toy.safetensors", True)]


def test_a_state_folder_that_cannot_be_written_leaves_the_training_alone(training, monkeypatch):
    (training.folder / "a-file").touch()
    monkeypatch.setattr(training, "options", {"RW_HOOKS_HOME": str(training.folder / "a-file" / "home")})
    done = run(training, trainer(training, "save(out / 'toy.safetensors'); sys.exit(3)"))
    assert done.returncode == 3
    assert done.stderr.count("cannot be used") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no command"),
        (["--"], "no command"),
        ([sys.executable, "train.py", "--name", "of-the-trainer"], "no command was given after '--'"),
        (["--", "no-such-trainer"], "cannot be run"),
    ],
)
def test_a_call_that_cannot_work(training, words, message):
    command, environ = rw_hooks(training, "run", *words)
    done = subprocess.run(command, env=environ, cwd=training.folder, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr


@ONLY_FOR_POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_trainer_and_its_save_on_the_way_out_is_published(training, number):
    script = """
        import signal
        def leave(number, frame):
            save(out / "toy.safetensors")
            sys.exit(40)
        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        print("saved", flush=True)
        time.sleep(30)
        """
    words, environ = rw_hooks(training, "run", "--", *trainer(training, script))
    with subprocess.Popen(
        words, env=environ, cwd=training.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "saved\n"
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 40, errors
    assert names(training) == [("toy.safetensors", True)]


@ONLY_FOR_POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_while_the_result_is_handed_over_does_not_cost_it(training, number):
    command, environ = training.command(
        "from rw_hooks.cli import main\n"
        "from rw_hooks.runner.session import Session\n"
        "end = Session.end\n"
        "def slow(self, *, failed):\n"
        "    print('saved', flush=True)\n"
        "    time.sleep(2)\n"
        "    return end(self, failed=failed)\n"
        "Session.end = slow\n"
        "main()"
    )
    words = [*command, "run", "--", *trainer(training, "save(out / 'toy.safetensors'); sys.exit(40)")]
    with subprocess.Popen(
        words, env=environ, cwd=training.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "saved\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 40, errors
    assert names(training) == [("toy.safetensors", True)]


@pytest.mark.parametrize(("code", "expected"), [(0, 130), (7, 7)])
def test_an_interrupted_wait_keeps_the_trainers_exit_code(training, monkeypatch, code, expected):
    monkeypatch.setattr(training, "options", {"RW_HOOKS_WAIT": ""})
    command, environ = training.command(
        "from rw_hooks.cli import main\n"
        "from rw_hooks.hook.publish_hook import PublishHook\n"
        "def wait(self, timeout=None): raise KeyboardInterrupt\n"
        "PublishHook.wait = wait\n"
        "main()"
    )
    words = [*command, "run", "--", *trainer(training, f"save(out / 'toy.safetensors'); sys.exit({code})")]
    done = subprocess.run(words, env=environ, cwd=training.folder, check=False, capture_output=True, text=True)
    assert done.returncode == expected, done.stderr
    assert names(training) == [("toy.safetensors", True)]


@ONLY_FOR_POSIX
def test_a_terminal_that_goes_away_does_not_cost_the_save(training):
    script = """
        save(out / "toy.safetensors")
        print("saved", flush=True)
        time.sleep(30)
        """
    words, environ = rw_hooks(training, "run", "--", *trainer(training, script))
    ours, theirs = os.openpty()
    with subprocess.Popen(
        words, env=environ, cwd=training.folder, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        assert process.stdout.readline() == "saved\n"
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=30) in {128 + signal.SIGHUP, 120}  # 120: Python cannot flush standard error
    assert names(training) == [("toy.safetensors", True)]


@ONLY_FOR_POSIX
def test_the_trainers_own_delimiter_and_options_stay_its_own(training):
    done = run(training, [sys.executable, "-c", "import sys; print(sys.argv[1:])", "--name", "x", "--", "--json", ""])
    assert done.stdout == "['--name', 'x', '--', '--json', '']\n"


@ONLY_FOR_POSIX
def test_a_trainer_that_a_signal_ended_shows_as_in_a_shell():
    assert run_child([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]) == 137


def test_signal_handlers_are_given_back():
    before = signal.getsignal(signal.SIGTERM)
    assert run_child([sys.executable, "-c", "pass"]) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_ticks_come_while_it_runs():
    ticks = []
    run_child([sys.executable, "-c", "import time; time.sleep(0.5)"], every=0.05, tick=lambda: ticks.append(1))
    assert len(ticks) >= 3


def test_a_command_that_is_not_there_is_a_usage_error():
    with pytest.raises(UsageError):
        run_child(["no-such-trainer"])


@pytest.mark.parametrize(
    ("argv", "files"),
    [
        (["python", "x.py", "--output_dir", "there"], {}),
        (["python", "x.py", "--output_path=there"], {}),
        (["python", "x.py", "--config_file", "run.toml"], {"run.toml": 'output_dir = "there"'}),
        (["deepspeed", "train.py", "--deepspeed", "--config", "c/run.toml"], {"c/run.toml": 'output_dir = "there"'}),
        (["python", "run.py", "run.yaml"], {"run.yaml": "config:\n  process:\n  - training_folder: there"}),
        (
            ["python", "t.py", "--config-path", "r.json"],
            {"r.json": '{"output_model_destination": "there/x.safetensors"}'},
        ),
        (["bash", "train.sh"], {"train.sh": "accelerate launch t.py \\\n  --output_dir there --x 1"}),
    ],
)
def test_the_output_folder_is_found(tmp_path, argv, files):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert tmp_path / "there" in Places.of(argv, tmp_path).tiers[0]


def test_files_elsewhere_count_only_where_the_output_folder_has_none(tmp_path):
    places = Places.of(["python", "x.py", "--output_dir", "out"], tmp_path)
    before, since = places.look(), time.time_ns() - 50_000_000
    elsewhere = save(tmp_path / "another-training" / "x.safetensors")
    assert [*places.new(before, since)] == [elsewhere]
    mine = save(tmp_path / "out" / "y.safetensors")
    assert [*places.new(before, since)] == [mine]


def test_half_a_file_is_not_new(tmp_path):
    places = Places.of(["x"], tmp_path)
    before, since = places.look(), time.time_ns() - 50_000_000
    file = save(tmp_path / "x.safetensors")
    file.write_bytes(file.read_bytes()[:-1])
    assert not places.new(before, since)


def test_an_output_folder_around_the_working_directory_is_looked_at_by_its_top_level(training):
    save(training.folder / "sd-scripts" / "other" / "model.safetensors")
    (training.folder / "sd-scripts").mkdir(exist_ok=True)
    command = trainer(training, "save(out / 'toy.safetensors'); save(out / 'elsewhere' / 'not-this.safetensors')")
    command[command.index("out")] = str(training.folder)
    words, environ = rw_hooks(training, "run", "--", *command)
    done = subprocess.run(
        words, env=environ, cwd=training.folder / "sd-scripts", check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert names(training) == [("toy.safetensors", True)]


def test_two_places_are_read_each_by_itself_and_not_what_lies_around_them(training, monkeypatch):
    monkeypatch.setattr("rw_hooks.integration.folder._FILES_MAX", 9)
    command = [*trainer(training, "pass"), "--save_state_dir", "z/saves"]
    session = Session(load(environ=training.environ, directory=training.folder), command, training.folder)
    for number in range(10):
        (training.folder / f"{number}.txt").touch()
    save(training.folder / "z" / "saves" / "toy-000001.safetensors", 2)
    save(training.folder / "out" / "toy.safetensors")
    assert session.end(failed=False)
    session.hook.on_end()
    assert names(training) == [("toy.safetensors", True)]


def test_a_dataset_does_not_hide_the_output_folder_and_a_bound_that_is_reached_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(output_dirs, "_FILES_MAX", 5)
    for number in range(9):
        save(tmp_path / "data" / f"{number}.safetensors")
        (tmp_path / "captions").mkdir(exist_ok=True)
        (tmp_path / "captions" / f"{number}.txt").touch()
    result = save(tmp_path / "output" / "x.safetensors")
    assert result in look_at([tmp_path])
    look_at([tmp_path])
    assert caplog.text.count("more than 5") == 1
    deep = save(tmp_path / "captions" / "output" / "deep" / "x.safetensors")
    assert deep in look_at([tmp_path / "captions"])


def test_hidden_folders_and_environments_are_passed_over(tmp_path):
    for folder in (".rw-hooks", "lib/site-packages", "node_modules"):
        save(tmp_path / folder / "x.safetensors")
    save(tmp_path / ".tmpAbC.safetensors")
    assert look_at([tmp_path]) == {}


def test_no_secret_of_a_command_line_is_kept(tmp_path):
    (tmp_path / "run.toml").touch()
    argv = ["x.py", "--hub_token", "abcdef", "--wandb_api_key=abcdef", "--placeholder_token", "sks", "run.toml"]
    kept = without_secrets(argv, tmp_path)
    assert "abcdef" not in " ".join(kept)
    assert kept[-3:] == ["--placeholder_token", "sks", str(tmp_path / "run.toml")]


@pytest.mark.parametrize(
    ("argv", "kept"),
    [
        (["env", "MY_TOKEN=abcdef", "python", "x.py"], ["env", "MY_TOKEN=[removed]", "python", "x.py"]),
        (["bash", "-c", "WANDB_TOKEN=abcdef python x.py --hub_token abcdef"], ["bash", "-c", "WANDB_TOKEN=[removed]"]),
        (["sh", "-c", "python x.py --hub_token abcdef --steps 5"],
         ["sh", "-c", "python x.py --hub_token '[removed]' --steps 5"]),
        (["sh", "-c", "echo it's; MY_TOKEN=abcdef x.py"], ["sh", "-c", "echo 'it'\"'\"'s;' 'MY_TOKEN=[removed]' x.py"]),
        (["x.py", "--prompt", "sks' toy,\u00a0token = 5"], ["x.py", "--prompt", "sks' toy,\u00a0token = 5"]),
        (["x.py", "--note", "\u00a0", ""], ["x.py", "--note", "\u00a0", ""]),
    ],
)  # fmt: skip
def test_no_secret_of_a_variable_or_of_a_command_within_a_word_is_kept(tmp_path, argv, kept):
    assert without_secrets(argv, tmp_path) == kept


@pytest.mark.parametrize("word", ["a photo of sks toy, " * 20, "notes" * 100 + ".json", "~nobody-of-that-name/out", ""])
def test_a_word_that_is_no_path_does_not_keep_the_trainer_from_running(training, word):
    done = run(training, [*trainer(training, "save(out / 'toy.safetensors')"), "--sample_prompt", word, word])
    assert done.returncode == 0, done.stderr
    assert names(training) == [("toy.safetensors", True)]


def test_a_file_that_goes_while_we_look_is_passed_over(tmp_path):
    gone = save(tmp_path / "gone.safetensors")
    there = save(tmp_path / "there.safetensors")

    class Listing(list):
        def __enter__(self):
            gone.unlink()
            return self

        def __exit__(self, *_error): ...

    with os.scandir(tmp_path) as entries:
        listed = Listing(entries)
    with mock.patch.object(output_dirs.os, "scandir", return_value=listed):
        assert list(look_at([tmp_path])) == [there]


def test_a_look_that_fails_is_one_log_line_and_the_training_goes_on(training, caplog):
    settings = load({"which": "all"}, environ=training.environ, directory=training.folder)
    session = Session(settings, trainer(training, "pass"), training.folder)
    for _ in range(2):
        save(training.folder / "out" / "toy.safetensors")
        session.look()
    with mock.patch.object(session.hook, "on_save", side_effect=RuntimeError("a bug")):
        save(training.folder / "out" / "toy.safetensors", 2)
        for _ in range(4):
            session.look()
    assert caplog.text.count("a bug") == 1


def test_a_bug_of_ours_does_not_change_the_exit_code_of_a_trainer_that_failed(training):
    command, environ = training.command(
        "from rw_hooks.cli import main\n"
        "from rw_hooks.runner.session import Session\n"
        "def end(self, *, failed): raise ZeroDivisionError\n"
        "Session.end = end\n"
        "main()"
    )
    words = [*command, "run", "--", *trainer(training, "sys.exit(7)")]
    done = subprocess.run(words, env=environ, cwd=training.folder, check=False, capture_output=True, text=True)
    assert done.returncode == 7
    assert "a bug of rw-hooks" in done.stderr


def test_a_training_that_failed_before_its_final_file_gives_its_newest_save(training):
    done = run(training, trainer(training, """
        for step in (1, 2):
            save(out / f"toy-step0000000{step}.safetensors", step, data=step)
        sys.exit(9)
        """))  # fmt: skip
    assert done.returncode == 9
    assert names(training) == [("toy-step00000002.safetensors", False)]


def test_another_machine_trains_and_publishes_nothing(training):
    command = trainer(training, "save(out / 'toy.safetensors', 3)")
    done = run(training, [*command, "--machine_rank", "1"])
    assert done.returncode == 0, done.stderr
    assert (training.folder / "out" / "toy.safetensors").exists()
    assert training.handed() == []


def test_another_rank_trains_and_says_that_it_publishes_nothing(training, monkeypatch):
    monkeypatch.setattr(training, "options", {"RANK": "1"})
    done = run(training, trainer(training, "save(out / 'toy.safetensors'); sys.exit(3)"))
    assert done.returncode == 3
    assert "only rank 0" in done.stderr
    assert training.handed() == []


def test_what_is_known_of_the_command_is_written_down_and_no_value_of_its_environment(training, monkeypatch):
    monkeypatch.setattr(training, "options", {"MY_SECRET": "a-value-of-mine", "RUNWARE_API_KEY": "a-key-of-mine"})
    save(training.folder / "out" / "old.safetensors")
    script = "save(out / 'toy.safetensors'); import shutil; shutil.copytree(os.environ['RW_HOOKS_HOME'], 'state')"
    done = run(training, [*trainer(training, script), "--huggingface_token", "a-token-of-mine"])
    assert done.returncode == 0, done.stderr
    [begun] = known(training.folder / "state")
    assert begun.directory == str(training.folder)
    assert begun.argv[-2:] == ["--huggingface_token", "[removed]"]
    assert {"MY_SECRET", "RUNWARE_API_KEY", "PATH"} <= set(begun.variables)
    assert begun.before == [str(training.folder / "out" / "old.safetensors")]
    for folder in (training.folder / "state", training.home):
        written = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
        assert not any(secret in written for secret in (b"a-value-of-mine", b"a-key-of-mine", b"a-token-of-mine"))


def test_no_run_is_left_behind(training):
    run(training, trainer(training, "pass"))
    assert list(known(training.home)) == []
