"""The inbox: a queue item is there whole or not at all, and only its owner can read it."""

from __future__ import annotations

import json
import os
import stat

import pytest

from rw_hooks.queue.inbox import NewerSchemaError, QueueItem, acknowledge, drop, forget, remove, unfinished, waiting
from rw_hooks.support.failpoints import set_trigger


def item(**changes):
    values = {
        "path": "/runs/a.safetensors", "held": "/runs/.rw-hooks/a", "size": 3, "mtime_ns": 5, "inode": 7,
        "options": {"name": {"value": "n", "source": "--name"}}, "endpoint": "https://api.example/v1", "account": "f",
    }  # fmt: skip
    return QueueItem(**{**values, **changes})


def test_what_is_dropped_comes_back_as_it_was(tmp_path):
    given = item(argv=("python", "train.py"), step=10, metric=0.5, facts={"trigger_words": ["sks"]})
    file = drop(tmp_path, given, durable=True)
    assert list(waiting(tmp_path)) == [(file, given)]
    remove(file)
    remove(file)
    assert list(waiting(tmp_path)) == []


def test_an_item_is_unfinished_until_its_publication_is_over(tmp_path):
    waits, taken = item(), item()
    drop(tmp_path, waits, durable=False)
    acknowledge(tmp_path, drop(tmp_path, taken, durable=False), "publication")
    assert unfinished(tmp_path) == {waits.id, taken.id}
    forget(tmp_path, "publication")
    assert unfinished(tmp_path) == {waits.id}


def test_items_come_in_the_order_they_were_dropped(tmp_path):
    files = [drop(tmp_path, item(), durable=False) for _ in range(5)]
    for position, file in enumerate(files):
        os.utime(file, ns=(0, position))
    assert [file for file, _ in waiting(tmp_path)] == files


@pytest.mark.parametrize("point", ["inbox.before_write", "inbox.before_rename"])
def test_a_death_while_writing_leaves_nothing_to_read(tmp_path, point):
    class Death(BaseException):
        pass

    def die(name):
        if name == point:
            raise Death

    set_trigger(die)
    try:
        with pytest.raises(Death):
            drop(tmp_path, item(), durable=True)
    finally:
        set_trigger(None)
    assert list(waiting(tmp_path)) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"schema": 1}', '{"schema": 1, "path": "only"}'])
def test_what_is_no_hand_over_is_passed_over(tmp_path, text):
    good = drop(tmp_path, item(), durable=False)
    good.with_name("bad.json").write_text(text)
    assert [file for file, _ in waiting(tmp_path)] == [good]


def test_a_newer_schema_is_said_and_left(tmp_path):
    file = drop(tmp_path, item(), durable=False)
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 99}))
    [(path, found)] = waiting(tmp_path)
    assert path == file
    assert isinstance(found, NewerSchemaError)
    assert file.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_only_the_owner_can_read_it(tmp_path):
    file = drop(tmp_path / "home", item(), durable=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.parent.parent.stat().st_mode) == 0o700
