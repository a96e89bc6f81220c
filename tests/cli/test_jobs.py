from __future__ import annotations

import json
import re

import pytest

from rw_hooks.cli.app import run


@pytest.fixture
def stuck(sandbox, weights, capsys) -> str:
    """The id of a publication whose upload failed at Runware."""
    sandbox.faults.fail_after = "downloaded"
    assert run(["publish", "mystyle.safetensors", "--json"]) == 5
    sandbox.faults.fail_after = None
    return json.loads(capsys.readouterr().out)["id"]


def test_no_publications_is_said(capsys):
    assert run(["jobs"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "There are no publications yet.\n")


def test_jobs_shows_every_publication(stuck, capsys):
    assert run(["jobs", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["status"]) == (stuck, "failed")
    assert run(["jobs"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[:4] == ["job", "status", "AIR", "file"]
    assert row.split()[:2] == [stuck, "failed"]


def test_what_is_copied_from_the_table_is_in_one_piece(stuck, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["jobs"]) == 0
    shown = capsys.readouterr().out
    assert stuck in shown
    assert re.search(r" sandbox:\d+@1 ", shown)


def test_resume_goes_on_where_it_stopped(stuck, sandbox, capsys):
    assert run(["resume", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["status"]) == (stuck, "ready")
    assert sandbox.world.models[shown["air"]].status == "ready"
    assert len(list(sandbox.folder.iterdir())) == 1


def test_resume_takes_the_jobs_that_are_named(stuck, capsys):
    assert run(["resume", stuck]) == 0
    assert "ready" in capsys.readouterr().out


def test_resume_with_nothing_to_do_is_done(sandbox, capsys):
    assert run(["resume"]) == 0
    assert capsys.readouterr() == ("", "There is nothing to resume.\n")
    assert run(["resume", "--json"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["resume", "cancel"])
def test_a_job_that_is_not_there_is_a_wrong_call(sandbox, command, capsys):
    assert run([command, "nosuchjob"]) == 2
    assert "rw-hooks jobs" in capsys.readouterr().err


def test_cancel_drops_a_publication(stuck, capsys):
    assert run(["cancel", stuck]) == 0
    capsys.readouterr()
    assert run(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "cancelled"
