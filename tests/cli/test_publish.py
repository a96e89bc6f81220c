from __future__ import annotations

import json
import os
import re

import pytest

from rw_hooks.cli.app import run

OBJECT = {
    "id", "status", "air", "sha256", "url", "host", "path", "phases", "model", "sources", "findings", "seconds",
    "changed",
}  # fmt: skip
STAGES = ["inspect", "describe", "host", "preflight", "register", "settle"]


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_trained_file_becomes_a_ready_model(sandbox, weights, capsys):
    assert run(["publish", "mystyle.safetensors", "--trigger-words", "my style", "--json"]) == 0
    captured = capsys.readouterr()
    (shown,) = objects(captured.out)
    assert captured.err == ""
    assert set(shown) == OBJECT
    assert shown["status"] == "ready"
    assert shown["changed"] == "registered"
    assert shown["air"] in sandbox.world.models
    assert sandbox.world.models[shown["air"]].sha256 == shown["sha256"]
    assert shown["url"].startswith(sandbox.files_url)
    assert shown["model"]["positiveTriggerWords"] == "my style"
    assert shown["sources"]["positiveTriggerWords"] == "--trigger-words"
    assert set(shown["model"]) == set(shown["sources"])
    assert [phase["status"] for phase in shown["phases"]][-1] == "ready"
    assert all(set(phase) == {"status", "at"} for phase in shown["phases"])
    assert sorted(shown["seconds"]) == sorted(STAGES)


@pytest.mark.parametrize("command", ["publish", "inspect", "explain"])
def test_a_file_name_may_look_like_json_or_markup(sandbox, weights, capsys, command):
    for name in ("[bold]x.safetensors", '{"a".safetensors', "[1, 2].safetensors"):
        weights.with_name(name).write_bytes(weights.read_bytes())
        assert run([command, name]) == 0
        captured = capsys.readouterr()
        assert command == "explain" or name in captured.out
        assert run([command, name, "--json"]) == 0
        assert command == "explain" or json.loads(capsys.readouterr().out)["path"].endswith(name)


@pytest.mark.parametrize("name", ["x" * 300 + ".safetensors", "mystyle.safetensors/x", "gone.safetensors"])
@pytest.mark.parametrize("command", ["publish", "explain", "inspect"])
def test_a_path_that_leads_nowhere_is_a_usage_error(sandbox, weights, capsys, command, name):
    assert run([command, name]) == 2
    assert "resume" not in capsys.readouterr().err


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may look everywhere")
def test_a_path_that_may_not_be_looked_at_is_a_usage_error(sandbox, weights, capsys):
    weights.parent.chmod(0)
    try:
        assert run(["publish", str(weights)]) == 2
    finally:
        weights.parent.chmod(0o700)
    assert "may not be looked at" in capsys.readouterr().err


def test_people_get_one_table(sandbox, weights, capsys):
    assert run(["publish", "mystyle.safetensors"]) == 0
    captured = capsys.readouterr()
    rows = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in captured.out.splitlines())
    assert captured.err == ""
    assert rows["status"] == "ready"
    assert rows["AIR"] in sandbox.world.models
    assert rows["model"].startswith("lora, sd1x")
    assert rows["URL"].startswith(sandbox.files_url)
    assert re.fullmatch(r"[0-9a-f]{12}", rows["sha256"])
    assert rows["storage"] == "1 GB (rounded up), $0.0017 a day after Runware's upload beta"
    assert re.fullmatch(", ".join(rf"{stage} \d+\.\d s" for stage in STAGES), rows["time"])


def test_a_complete_air_is_for_one_file(sandbox, weights, capsys):
    assert run(["publish", "mystyle.safetensors", "other.safetensors", "--air", "sandbox:9@1"]) == 2
    assert "give one file, or --air source:id so that each file" in capsys.readouterr().err
    assert not sandbox.world.models


def test_the_same_command_again_sends_nothing(sandbox, weights, capsys):
    run(["publish", "mystyle.safetensors"])
    sent = len([task for task in sandbox.world.requests if task["taskType"] == "modelUpload"])
    capsys.readouterr()
    assert run(["publish", "mystyle.safetensors"]) == 0
    assert "was ready already; nothing was sent" in capsys.readouterr().out
    assert len([task for task in sandbox.world.requests if task["taskType"] == "modelUpload"]) == sent


def test_another_trigger_word_updates_the_description_only(sandbox, weights, capsys):
    run(["publish", "mystyle.safetensors"])
    capsys.readouterr()
    assert run(["publish", "mystyle.safetensors", "--trigger-words", "newword"]) == 0
    assert "the description was updated, the file was not sent again" in capsys.readouterr().out
    assert sum(sandbox.world.registrations.values()) == 1


def test_dry_run_changes_nothing_anywhere(sandbox, weights, capsys):
    assert run(["publish", "mystyle.safetensors", "--dry-run", "--json"]) == 0
    (shown,) = objects(capsys.readouterr().out)
    assert shown["status"] == "described"
    assert sandbox.world.models == {}
    assert list(sandbox.folder.iterdir()) == []
    assert list(weights.parent.iterdir()) == [weights]


def test_no_key_is_missing(sandbox, weights, monkeypatch, capsys):
    monkeypatch.delenv("RUNWARE_API_KEY")
    assert run(["publish", "mystyle.safetensors"]) == 4
    assert "fix:   set RUNWARE_API_KEY" in capsys.readouterr().err


def test_no_host_is_missing(sandbox, weights, monkeypatch, capsys):
    monkeypatch.delenv("RW_HOOKS_HOST")
    assert run(["publish", "mystyle.safetensors"]) == 4
    assert "--host" in capsys.readouterr().err


def test_a_wrong_key_is_refused(sandbox, weights, monkeypatch, capsys):
    monkeypatch.setenv("RUNWARE_API_KEY", "wrong-key-0123456789")
    assert run(["publish", "mystyle.safetensors", "--json"]) == 5
    captured = capsys.readouterr()
    (shown,) = objects(captured.out)
    assert shown["status"] == "failed"
    assert {"code", "stage", "retryable", "message", "hint"} <= set(shown["error"])
    assert shown["error"]["code"] == "unauthorized"
    assert shown["error"]["retryable"] is False
    assert [line.partition(":")[0] for line in captured.err.splitlines()] == ["error", "fix"]
    assert "wrong-key-0123456789" not in captured.out + captured.err


def test_a_broken_file_is_bad(sandbox, weights, capsys):
    weights.write_bytes(weights.read_bytes()[:-1])
    assert run(["publish", "mystyle.safetensors", "--json"]) == 3
    captured = capsys.readouterr()
    (shown,) = objects(captured.out)
    assert shown["status"] == "failed"
    assert shown["error"]["stage"] == "inspect"
    assert captured.err.startswith("error: ")
    assert sandbox.world.models == {}


def test_a_remote_that_is_away_leaves_the_publication_pending(sandbox, weights, monkeypatch, capsys):
    monkeypatch.setenv("RUNWARE_API_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("RUNWARE_WS_URL", "ws://127.0.0.1:9/v1")
    assert run(["publish", "mystyle.safetensors", "--timeout", "2", "--json"]) == 6
    (shown,) = objects(capsys.readouterr().out)
    assert shown["status"] == "pending"
    assert shown["error"]["retryable"] is True
    assert "rw-hooks resume" in shown["error"]["hint"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["publish"], "PATH"),
        (["publish", "x.safetensors", "--wat", "1"], "--wait"),
        (["publish", "x.safetensors", "--air", "no air"], "--air"),
        (["publish", "x.safetensors", "--weight", "5"], "--weight"),
        (["publish", "x.safetensors", "--transport", "pigeon"], "--transport"),
        (["publish", "nowhere.safetensors"], "nowhere.safetensors"),
        (["publish", "a.safetensors", "b.safetensors", "--air", "sandbox:1@1"], "--air source:id"),
        (["publsh"], "publish"),
        (["cancel"], "JOB"),
    ],
)
def test_a_wrong_call_is_answered_with_what_is_wrong(sandbox, weights, arguments, names, capsys):
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert names in captured.err
    assert sandbox.world.requests == ()


def test_of_several_files_the_first_that_fails_gives_the_exit_code(sandbox, weights, capsys):
    broken = weights.with_name("broken.safetensors")
    broken.write_bytes(b"<!DOCTYPE html><html></html>")
    assert run(["publish", "broken.safetensors", "mystyle.safetensors", "nowhere.safetensors", "--json"]) == 3
    shown = objects(capsys.readouterr().out)
    assert [entry["status"] for entry in shown][:2] == ["failed", "ready"]


def test_a_setting_in_the_folder_holds(sandbox, weights, capsys):
    (weights.parent / "rw-hooks.toml").write_text('name = "From the file"\n', encoding="utf-8")
    assert run(["explain", "mystyle.safetensors", "--json"]) == 0
    (shown,) = objects(capsys.readouterr().out)
    assert (shown["model"]["name"], shown["sources"]["name"]) == ("From the file", "rw-hooks.toml: name")


def test_a_log_level_that_is_none_is_refused(sandbox, weights, monkeypatch, capsys):
    monkeypatch.setenv("RW_HOOKS_LOG_LEVEL", "loud")
    assert run(["publish", "mystyle.safetensors"]) == 2
    assert "RW_HOOKS_LOG_LEVEL" in capsys.readouterr().err
