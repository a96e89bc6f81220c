"""A file that was written to, or that another took the place of, is no longer what it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rw_hooks.support.file_state import FileState

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"1234")
    os.utime(path, ns=(10**18, 10**18))
    return path


def replaced(path: Path) -> None:
    """Put another file of the same size and time in its place, as ``cp -p`` and a rename do."""
    other = path.with_name("other")
    other.write_bytes(b"4321")
    os.utime(other, ns=(10**18, 10**18))
    other.replace(path)


def test_what_nobody_touched_is_what_it_was(file):
    assert FileState.of(file) == FileState.of(file) == FileState.from_stat(file.stat())
    assert FileState.of(file).lasting == FileState(4, 10**18)


@pytest.mark.parametrize("change", [
    lambda path: path.write_bytes(b"12345"), lambda path: path.write_bytes(b"1235"), lambda path: path.touch(),
])  # fmt: skip
def test_a_file_that_was_written_to_is_another(file, change):
    before = FileState.of(file)
    change(file)
    assert FileState.of(file) != before
    assert FileState.of(file).lasting != before.lasting


def test_a_file_in_its_place_is_told_by_its_inode_alone(file):
    before = FileState.of(file)
    replaced(file)
    assert FileState.of(file) != before
    assert FileState.of(file).lasting == before.lasting


def test_a_file_that_is_gone_has_no_state(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileState.of(tmp_path / "gone")
