"""Engines are found by their entry points, a third party's like ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rw_hooks.config.settings import load
from rw_hooks.engines.base import open_engine
from rw_hooks.engines.local import LocalEngine
from rw_hooks.errors import UsageError
from tests.testing.memory_engine import MemoryEngine


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a distribution that brings an engine."""
    info = tmp_path / "site" / "memory_engine-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: memory-engine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rw_hooks.engines]\nmemory = tests.testing.memory_engine:MemoryEngine\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])


def settings(tmp_path: Path, **options: object):
    return load(options, environ={"RW_HOOKS_HOME": str(tmp_path / "home")}, directory=tmp_path)


def test_the_local_engine_is_used_unasked(tmp_path):
    with open_engine(settings(tmp_path)) as engine:
        assert isinstance(engine, LocalEngine)


def test_a_third_party_engine_is_found_by_its_name(tmp_path, third_party):
    with open_engine(settings(tmp_path, engine="memory")) as engine:
        assert isinstance(engine, MemoryEngine)


def test_an_engine_that_is_not_installed_is_named_with_those_that_are(tmp_path, third_party):
    with pytest.raises(UsageError, match="no engine named 'dbos'") as caught:
        open_engine(settings(tmp_path, engine="dbos"))
    assert caught.value.hint == "--engine takes one of: local, memory"


def test_looking_makes_no_state_folder(tmp_path):
    with open_engine(settings(tmp_path), read_only=True) as engine:
        assert engine.store.rows() == []
    assert not (tmp_path / "home").exists()
