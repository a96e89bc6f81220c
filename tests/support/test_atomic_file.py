"""A reader sees a file whole or not at all, and one module alone renames."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rw_hooks.support import atomic_file
from rw_hooks.support.atomic_file import move, renamed_when_whole, replacing, write_bytes, write_json, write_text
from rw_hooks.support.failpoints import set_trigger

NEEDS_MODES = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("write", [
    lambda path: write_json(path, {"a": "ä"}), lambda path: write_text(path, '{"a": "ä"}'),
    lambda path: write_bytes(path, '{"a": "ä"}'.encode()),
])  # fmt: skip
def test_what_is_written_is_there_and_nothing_else(tmp_path, write):
    (tmp_path / "file").write_text("older")
    write(tmp_path / "file")
    assert json.loads((tmp_path / "file").read_text(encoding="utf-8")) == {"a": "ä"}
    assert names(tmp_path) == ["file"]


def test_a_reader_sees_the_older_file_until_the_newer_one_is_whole(tmp_path):
    (tmp_path / "file").write_text("older")
    with replacing(tmp_path / "file") as file:
        file.write(b"newer")
        file.flush()
        assert (tmp_path / "file").read_text() == "older"
        (left,) = tmp_path.glob(atomic_file.LEFTOVERS)
        assert left.read_text() == "newer"
    assert (tmp_path / "file").read_text() == "newer"


def write_half(final: Path, error: type[BaseException]) -> None:
    with replacing(final) as file:
        file.write(b"half")
        raise error


def write_half_elsewhere(final: Path, error: type[BaseException]) -> None:
    with renamed_when_whole(final.with_name("part"), final):
        final.with_name("part").write_bytes(b"half")
        raise error


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("write", [write_half, write_half_elsewhere])
def test_what_fails_leaves_nothing(tmp_path, write, error):
    with pytest.raises(error):
        write(tmp_path / "file", error)
    assert names(tmp_path) == []


@NEEDS_MODES
@pytest.mark.parametrize(("mode", "expected"), [(0o600, 0o600), (0o666, 0o644)])
def test_the_mode_is_the_one_that_was_asked_for(tmp_path, mode, expected):
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "file", "x", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == expected


@pytest.mark.parametrize(("durable", "syncs"), [(True, 1), (False, 0)])
def test_the_disk_is_waited_for_only_where_that_is_asked_for(tmp_path, monkeypatch, durable, syncs):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write_json(tmp_path / "file", {}, durable=durable)
    assert len(synced) == syncs


def test_a_lost_answer_is_no_failure(tmp_path, monkeypatch):
    rename = os.replace

    def losing_its_answer(source: Path, final: Path) -> None:
        rename(source, final)
        raise FileNotFoundError(source)

    monkeypatch.setattr(os, "replace", losing_its_answer)
    write_text(tmp_path / "file", "x")
    assert (tmp_path / "file").read_text() == "x"
    (tmp_path / "folder").mkdir()
    move(tmp_path / "folder", tmp_path / "moved")
    assert names(tmp_path) == ["file", "moved"]


def test_a_rename_that_fails_says_so(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(OSError, match="taken"):
        write_text(tmp_path / "taken", "x")
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "gone", tmp_path / "file")
    assert names(tmp_path) == ["taken"]


def test_a_test_can_stop_it_at_each_point(tmp_path):
    reached: list[tuple[str, list[str]]] = []
    set_trigger(lambda name: reached.append((name, names(tmp_path))))
    try:
        write_json(tmp_path / "file", {}, point="inbox")
    finally:
        set_trigger(None)
    points, seen = zip(*reached, strict=True)
    assert points == ("inbox.before_write", "inbox.before_rename", "inbox.after_rename")
    assert [len(files) for files in seen] == [0, 1, 1]
    assert seen[2] == ["file"]
