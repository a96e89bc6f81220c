from __future__ import annotations

import pytest

from rw_hooks.cli.app import run

CHECKS = ["key", "balance", "AIR", "host", "state", "disk", "clock", "proxy"]


def checks(text: str) -> dict[str, str]:
    rows = [line.split() for line in text.splitlines() if not line.startswith(" ")]
    return {row[1]: row[0] for row in rows}


def test_where_all_is_well_every_check_says_so(sandbox, capsys):
    assert run(["doctor"]) == 0
    assert checks(capsys.readouterr().out) == dict.fromkeys(CHECKS, "ok")


def test_a_missing_key_comes_with_its_fix(sandbox, monkeypatch, capsys):
    monkeypatch.delenv("RUNWARE_API_KEY")
    assert run(["doctor"]) == 4
    shown = capsys.readouterr().out
    assert checks(shown)["key"] == "wrong"
    assert "fix: set RUNWARE_API_KEY" in shown


@pytest.mark.parametrize("host", ["dir:///nowhere?url=http://127.0.0.1/", "hf://user/repo"])
def test_a_host_that_cannot_take_the_file_is_wrong(sandbox, host, capsys):
    assert run(["doctor", "--host", host]) == 4
    shown = capsys.readouterr().out
    assert checks(shown)["host"] == "wrong"
    assert "fix: " in shown
