"""A copy is the same bytes, for its owner alone, whether blocks are shared or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rw_hooks.support import copy_file as module
from rw_hooks.support.copy_file import copy_file

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("shares", [True, False])
def test_a_copy_is_the_same_bytes_for_its_owner_alone(tmp_path, monkeypatch, shares):
    if not shares:
        monkeypatch.setattr(module, "share_blocks", lambda _source, _target: False)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(100_000))
    target.write_bytes(b"x" * 200_000)
    target.chmod(0o600)
    copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o600
