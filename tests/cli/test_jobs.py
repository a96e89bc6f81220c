from __future__ import annotations

import json

import pytest

from rw_hooks.cli.app import run


@pytest.fixture
def pending(sandbox, weights, capsys) -> str:
    """The id of a publication that Runware has not answered."""
    sandbox.faults.never_answer = "uploads"
    assert run(["publish", "mystyle.safetensors", "--timeout", "2", "--json"]) == 6
    sandbox.faults.never_answer = "no"
    return json.loads(capsys.readouterr().out)["id"]


def test_no_publications_is_said(capsys):
    assert run(["jobs"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "There are no publications yet.\n")


def test_jobs_shows_every_publication(pending, capsys):
    assert run(["jobs", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["status"]) == (pending, "pending")
    assert run(["jobs"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[:4] == ["job", "status", "AIR", "file"]
    assert row.split()[:2] == [pending, "pending"]


def test_resume_goes_on_where_it_stopped(pending, sandbox, capsys):
    assert run(["resume", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["status"]) == (pending, "ready")
    assert sum(sandbox.world.registrations.values()) == 1


def test_resume_takes_the_jobs_that_are_named(pending, capsys):
    assert run(["resume", pending]) == 0
    assert "ready" in capsys.readouterr().out


def test_resume_with_nothing_to_do_is_done(sandbox, capsys):
    assert run(["resume"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", ["resume", "cancel"])
def test_a_job_that_is_not_there_is_a_wrong_call(sandbox, command, capsys):
    assert run([command, "nosuchjob"]) == 2
    assert "rw-hooks jobs" in capsys.readouterr().err


def test_cancel_drops_a_publication(pending, capsys):
    assert run(["cancel", pending]) == 0
    capsys.readouterr()
    assert run(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "cancelled"
