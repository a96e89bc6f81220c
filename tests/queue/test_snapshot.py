"""Links and copies keep a file's bytes, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from rw_hooks.errors import ArtifactError
from rw_hooks.hook.weights_file import is_complete
from rw_hooks.queue import snapshot
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.queue.snapshot import FOLDER, hold, release, require_as_handed_over, secure, source_of, sweep
from tests.doubles.saves import save


def no_links(*_):
    raise OSError(95, "not supported")


@pytest.fixture(params=["spool", FOLDER])
def place(tmp_path, request):
    """Have links lie in the state folder, or beside the file because the state folder cannot take them."""
    if request.param == FOLDER:
        (tmp_path / "spool").write_text("in the way")
        return tmp_path / "run" / FOLDER
    return tmp_path / "spool"


def handed(tmp_path, *, staging=None, name="0123456789ab"):
    """Return a file, and its queue item as a hook makes it."""
    file = save(tmp_path / "run" / "toy.safetensors")
    held = hold(file, name, staging=staging, spool=tmp_path / "spool")
    item = QueueItem(
        path=str(file), held=str(held.path), size=held.status.st_size, mtime_ns=held.status.st_mtime_ns,
        inode=held.status.st_ino, options={"staging": {"value": str(staging), "source": "--"}} if staging else {},
        endpoint="e", account="a", run="r", id=name,
    )  # fmt: skip
    return file, item


def test_a_link_outlives_the_folder_of_the_file_and_leaves_none_there(tmp_path):
    file, item = handed(tmp_path)
    content = file.read_bytes()
    assert list(file.parent.iterdir()) == [file]
    shutil.rmtree(file.parent)
    require_as_handed_over(item)
    assert source_of(item).read_bytes() == content
    release(source_of(item))
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_link_lies_where_it_can(tmp_path, place):
    _, item = handed(tmp_path)
    assert source_of(item).parent == place


def test_a_link_becomes_a_private_copy(tmp_path, place):
    file, item = handed(tmp_path)
    content = file.read_bytes()
    secure(item)
    secure(item)
    file.write_bytes(b"rewritten in place")
    assert source_of(item).read_bytes() == content
    require_as_handed_over(item)
    assert source_of(item).parent == place


def test_copies_go_to_the_staging_folder(tmp_path):
    _, item = handed(tmp_path, staging=tmp_path / "staging")
    secure(item)
    assert source_of(item).parent == tmp_path / "staging"
    assert not (tmp_path / "spool" / "0123456789ab.link").exists()


def test_where_nothing_can_be_linked_or_written_beside_the_file_a_copy_goes_to_the_spool(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshot.os, "link", no_links)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FOLDER).write_text("in the way")
    file, item = handed(tmp_path)
    assert source_of(item).parent == tmp_path / "spool"
    assert source_of(item).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("harm", ["rewritten", "touched", "gone"])
def test_bytes_that_are_not_those_handed_over_are_refused(tmp_path, harm):
    file, item = handed(tmp_path)
    if harm == "rewritten":
        file.write_bytes(b"other")
    elif harm == "touched":
        os.utime(file, ns=(1, 1))
    else:
        release(source_of(item))
    with pytest.raises(ArtifactError):
        require_as_handed_over(item)


def test_no_copy_without_room(tmp_path, monkeypatch):
    _, item = handed(tmp_path)
    usage = snapshot.shutil.disk_usage(tmp_path)._replace(free=2 * item.size - 1)
    monkeypatch.setattr(snapshot.shutil, "disk_usage", lambda _: usage)
    secure(item)
    assert str(source_of(item)) == item.held


def test_releasing_leaves_other_peoples_files(tmp_path, place):
    file, item = handed(tmp_path)
    other = save(place / "mine.safetensors")
    release(source_of(item))
    release(file)
    assert file.exists()
    assert other.exists()


@pytest.mark.parametrize("name", ["model.copy", "model.link", "0123456789ab.link", ".rw-hooks/model.link"])
def test_a_file_that_is_called_like_ours_is_left(tmp_path, name):
    file = save(tmp_path / name)
    release(file)
    assert file.exists()


def test_links_of_trainers_that_died_are_swept(tmp_path, monkeypatch, place):
    _, waiting = handed(tmp_path, name="aaaaaaaaaaaa")
    _, orphan = handed(tmp_path, name="bbbbbbbbbbbb")
    sweep(place, {"aaaaaaaaaaaa"})
    assert len(list(place.iterdir())) == 2
    now = time.time()
    monkeypatch.setattr(snapshot.time, "time", lambda: now + 8 * 24 * 3600)
    sweep(place, {"aaaaaaaaaaaa"})
    assert [path.name for path in place.iterdir()] == ["aaaaaaaaaaaa.link"]
    assert source_of(waiting).exists()
    assert not source_of(orphan).exists()


def test_a_link_that_alone_keeps_the_bytes_is_left(tmp_path, monkeypatch, place):
    file, item = handed(tmp_path)
    monkeypatch.setattr(snapshot, "_ORPHAN_SECONDS", -1.0)
    file.unlink()
    sweep(place, set())
    assert source_of(item).exists()


def test_wholeness_is_told_by_the_header_alone(tmp_path):
    file = save(tmp_path / "toy.safetensors")
    content = file.read_bytes()
    assert is_complete(file)
    for size in (0, 7, 8, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:size])
        assert not is_complete(file)
    file.write_bytes(content + b"x")
    assert not is_complete(file)
    file.write_bytes(b"<html>" * 100)
    assert not is_complete(file)
    assert not is_complete(tmp_path / "nowhere")
