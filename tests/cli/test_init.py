from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from rw_hooks.cli.app import run
from rw_hooks.cli.init import template
from rw_hooks.config.options import OPTIONS
from rw_hooks.config.settings import load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_changes_nothing_as_it_is_written(folder):
    assert run(["init"]) == 0
    assert tomllib.loads((folder / "rw-hooks.toml").read_text(encoding="utf-8")) == {}
    assert load().given == {}


def test_every_option_stands_in_it_with_a_value_that_is_taken(folder):
    switched_on = re.sub(r"^# (\w+ = )", r"\1", template(), flags=re.MULTILINE)
    (folder / "rw-hooks.toml").write_text(switched_on, encoding="utf-8")
    assert set(load().given) == set(OPTIONS)


def test_a_file_that_is_there_is_kept(folder, capsys):
    (folder / "rw-hooks.toml").write_text("name = 'mine'\n", encoding="utf-8")
    assert run(["init"]) == 2
    assert "rw-hooks init --force" in capsys.readouterr().err
    assert (folder / "rw-hooks.toml").read_text(encoding="utf-8") == "name = 'mine'\n"


def test_force_writes_over_it(folder):
    (folder / "rw-hooks.toml").write_text("name = 'mine'\n", encoding="utf-8")
    assert run(["init", "--force"]) == 0
    assert (folder / "rw-hooks.toml").read_text(encoding="utf-8") == template()
