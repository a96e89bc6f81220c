"""Which saves of a run are published, and which are superseded."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from rw_hooks.hook.jsonable import number_or_none
from rw_hooks.queue.due import sort_out
from rw_hooks.queue.inbox import QueueItem


def item(number, *, which=None, run="r", **known):
    options = {"which": {"value": which, "source": "--which"}} if which else {}
    return QueueItem(
        path=f"/out/{number}", held=f"/out/{number}", size=1, mtime_ns=1, inode=1, options=options, endpoint="e",
        account="a", run=run, number=number, **{"final": False, **known},
    )  # fmt: skip


def numbers(items):
    return sorted(entry.number for entry in items)


def sorted_out(items, *, over):
    found = sort_out(items, lambda _run: over)
    return numbers(found.due), numbers(found.superseded), numbers(found.undecided)


SAVES = [(1, 0.3), (2, 0.9), (3, 0.5), (4, 0.1), (5, 0.2)]


@pytest.mark.parametrize(
    ("which", "goes_on", "is_over"),
    [
        (None, ([], [1, 2, 3, 4], [5]), ([5], [1, 2, 3, 4], [])),
        ("final", ([], [1, 2, 3, 4], [5]), ([5], [1, 2, 3, 4], [])),
        ("all", ([1, 2, 3, 4, 5], [], []), ([1, 2, 3, 4, 5], [], [])),
        ("every:2", ([2, 4], [1, 3, 5], []), ([2, 4], [1, 3, 5], [])),
        ("last:2", ([], [1, 2, 3], [4, 5]), ([4, 5], [1, 2, 3], [])),
        ("last:9", ([], [], [1, 2, 3, 4, 5]), ([1, 2, 3, 4, 5], [], [])),
        ("best", ([], [1, 3, 4, 5], [2]), ([2], [1, 3, 4, 5], [])),
    ],
)
def test_what_is_due(which, goes_on, is_over):
    items = [item(number, which=which, metric=metric) for number, metric in SAVES]
    assert sorted_out(items, over=False) == goes_on
    assert sorted_out(items, over=True) == is_over


def test_a_final_save_is_due_at_once_and_ends_the_others():
    items = [item(1), item(2), item(3, final=True)]
    assert sorted_out(items, over=False) == ([3], [1, 2], [])


def test_a_save_after_the_final_one_waits_for_the_end():
    items = [item(1, final=True), item(2)]
    assert sorted_out(items, over=False) == ([1], [], [2])
    assert sorted_out(items, over=True) == ([1, 2], [], [])


def test_every_takes_the_final_save_too():
    items = [item(1, which="every:2"), item(2, which="every:2"), item(3, which="every:2", final=True)]
    assert sorted_out(items, over=False) == ([2, 3], [1], [])


@pytest.mark.parametrize("which", ["last:1", "best"])
def test_the_final_file_of_a_save_stands_for_the_others(which):
    items = [item(1, which=which, metric=1), item(1, which=which, metric=1, final=True)]
    found = sort_out(items, lambda _run: True)
    assert found.due == items[1:]
    assert found.superseded == items[:1]


def test_files_of_one_save_go_together():
    items = [item(1), item(2), item(2)]
    assert sorted_out(items, over=True) == ([2, 2], [1], [])


def test_what_is_no_number_is_no_metric():
    assert [number_or_none(float, value) for value in (math.nan, "nan", "x", None, "0.5")] == [None] * 4 + [0.5]


def test_without_any_metric_the_newest_is_the_best():
    assert sorted_out([item(1, which="best"), item(2, which="best")], over=True) == ([2], [1], [])


def test_what_is_taken_for_the_best_without_any_metric_is_said_once_it_is_settled():
    items = [item(1, which="best"), item(2, which="best")]
    assert sort_out(items, lambda _run: False).notes == []
    [note] = sort_out(items, lambda _run: True).notes
    assert note.startswith("/out/2: no save has a metric")


def test_where_names_tell_the_trainings_each_gives_its_newest_save():
    names = ["mychara-08", "tree-3", "mychara-10", "mychara-09", "tree-4"]
    items = [replace(item(number, by_name=True), path=f"/out/{name}.safetensors") for number, name in enumerate(names)]
    found = sort_out(items, lambda _run: True)
    assert sorted(entry.path for entry in found.due) == ["/out/mychara-10.safetensors", "/out/tree-4.safetensors"]


def test_runs_are_decided_each_by_itself():
    items = [item(1, run="a"), item(2, run="a"), item(1, run="b"), item(7, run="")]
    found = sort_out(items, lambda run: run == "b")
    assert [(entry.run, entry.number) for entry in found.due] == [("", 7), ("b", 1)]
    assert [(entry.run, entry.number) for entry in found.superseded] == [("a", 1)]
    assert [(entry.run, entry.number) for entry in found.undecided] == [("a", 2)]


@pytest.mark.parametrize(("by_name", "due"), [(True, [1, 2]), (False, [2])])
def test_a_final_save_of_one_name_leaves_another_name_alone_only_where_names_tell_trainings_apart(by_name, due):
    first = replace(item(1, by_name=by_name), path="/out/cat-000001.safetensors")
    final = replace(item(2, by_name=by_name, final=True), path="/out/dog.safetensors")
    assert numbers(sort_out([first, final], lambda _run: True).due) == due
