"""The one rule that says which saves are published; a folder and a hook agree on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rw_hooks.hook import PublishHook
from rw_hooks.integration import read_run
from rw_hooks.integration.choice import choose_artifacts
from rw_hooks.queue.due import sort_out
from rw_hooks.which import Save, choose
from tests.doubles.saves import save
from tests.doubles.training import Training

RULES = ["final", "all", "every:2", "last:1", "last:2", "best"]


def numbered(*numbers, **known):
    return [Save(number, number, **known) for number in numbers]


def keys(saves):
    return [entry.key for entry in saves]


def chosen(saves, which, *, over=True, apart=False):
    choice = choose(saves, which, over=over, apart=apart)
    return keys(choice.publish), keys(choice.superseded), keys(choice.undecided)


def named(*names, final=(), **known):
    return [Save(name, name=name, final=final is True or name in final, **known) for name in names]


@pytest.mark.parametrize(
    ("which", "goes_on", "is_over"),
    [
        ("final", ([], [1, 2, 3, 4], [5]), ([5], [1, 2, 3, 4], [])),
        ("all", ([1, 2, 3, 4, 5], [], []), ([1, 2, 3, 4, 5], [], [])),
        ("every:2", ([2, 4], [1, 3, 5], []), ([2, 4], [1, 3, 5], [])),
        ("last:2", ([], [1, 2, 3], [4, 5]), ([4, 5], [1, 2, 3], [])),
        ("last:9", ([], [], [1, 2, 3, 4, 5]), ([1, 2, 3, 4, 5], [], [])),
        ("best", ([], [1, 3, 4, 5], [2]), ([2], [1, 3, 4, 5], [])),
    ],
)
def test_a_stream_and_its_end(which, goes_on, is_over):
    metrics = {1: 0.3, 2: 0.9, 3: math.nan, 4: 0.1, 5: None}
    saves = [Save(number, number, metric=metric) for number, metric in metrics.items()]
    assert chosen(saves, which, over=False) == goes_on
    assert chosen(saves, which) == is_over


@pytest.mark.parametrize("over", [False, True])
def test_each_final_save_is_published_at_once(over):
    saves = [*numbered(1, 2), *numbered(3, 4, final=True)]
    assert chosen(saves, "final", over=over) == ([3, 4], [1, 2], [])


def test_what_follows_the_final_save_is_decided_as_if_there_were_none():
    saves = [*numbered(1, final=True), *numbered(2, 3)]
    assert chosen(saves, "final", over=False) == ([1], [2], [3])
    assert chosen(saves, "final") == ([3, 1], [2], [])
    assert chosen(saves[1:], "final") == ([3], [2], [])


@pytest.mark.parametrize("which", ["last:1", "best"])
def test_a_final_file_stands_for_the_saves_of_the_same_state(which):
    saves = [Save("a", 1, step=5, metric=0.9), Save("b", 2, step=9, metric=0.1), Save("f", 3, step=5, final=True)]
    assert chosen(saves, which) == (["f"], ["a", "b"], [])
    assert chosen(saves, "last:3") == (["b", "f"], ["a"], [])
    assert chosen(saves, "all") == (["a", "b", "f"], [], [])


def test_steps_that_agree_are_not_one_state_where_the_epochs_do_not():
    saves = [Save("a", 1, step=5, epoch=1), Save("f", 2, step=5, epoch=2, final=True)]
    assert chosen(saves, "last:2") == (["a", "f"], [], [])


@pytest.mark.parametrize(("metrics", "best"), [((0.5, 0.5, 0.1), 2), ((-1.0, -0.5, -0.9), 2), ((None, None, None), 3)])
def test_of_equal_metrics_the_newest_is_the_best(metrics, best):
    saves = [Save(number, number, metric=metric) for number, metric in enumerate(metrics, 1)]
    assert chosen(saves, "best")[0] == [best]


def test_without_any_metric_the_choice_says_why_it_is_the_newest():
    assert "no save has a metric" in choose(numbered(1, 2), "best", over=True).notes[0]
    assert choose(numbered(1, 2, metric=1.0), "best", over=True).notes == ()


def test_files_of_one_save_go_together():
    saves = [Save("a", 1), Save("high", 2), Save("low", 2)]
    assert chosen(saves, "final") == (["high", "low"], ["a"], [])


def test_two_files_of_one_step_count_once_in_a_folder():
    saves = [Save((step, role), step=step, role=role) for step in (100, 200, 300, 400) for role in (0, 1)]
    assert chosen(saves, "every:2")[0] == [(200, 0), (400, 0)]


def test_a_save_that_is_written_with_its_final_file_is_the_same_state():
    saves = [Save("first", 1), Save("second", 2), Save("result", 2, final=True)]
    assert chosen(saves, "last:2") == (["first", "result"], ["second"], [])


def test_of_several_roles_the_first_is_published():
    saves = [Save("main", final=True), Save("ema", final=True, role=5)]
    assert chosen(saves, "final") == (["main"], ["ema"], [])
    assert chosen(saves[1:], "final") == (["ema"], [], [])
    assert sorted(chosen(saves, "all")[0]) == ["ema", "main"]


@pytest.mark.parametrize(
    ("saves", "result"),
    [
        (named("mychara-08", "mychara-10", "mychara-09", final=True), ["mychara-10"]),
        (named("x-9", "x-10", "x-8", final=True), ["x-10"]),
        (named("mychara-08", "mychara-09"), ["mychara-09"]),
        (named("mychara-08", "mychara-09", "mychara", final=True), ["mychara"]),
        (named("mychara-08", final=True), ["mychara-08"]),
        (named("epoch-0", "epoch-4", "step-9", final=("epoch-4",)), ["epoch-4"]),
        (named("red", "blue", final=True), ["red", "blue"]),
        (named("style_v1", "style_v2", final=True), ["style_v1", "style_v2"]),
        (named("red", "mychara-08", "mychara-09", final=True), ["red", "mychara-09"]),
        (named("alice", "alice-000002", "bob-000002", final=("alice",)), ["alice"]),
        (named("toy_step100", "toy_step200", "toy_final", final=True), ["toy_final"]),
    ],
)
def test_names_tell_the_result_of_a_folder(saves, result):
    choice = choose(saves, "final", over=True)
    assert sorted(keys(choice.publish)) == sorted(result)
    assert not choice.unsure


def test_unrelated_files_of_which_none_is_final_are_a_doubt():
    choice = choose(named("alice-000002", "alice-000004", "bob-000002"), "final", over=True)
    assert choice.unsure
    assert sorted(keys(choice.publish)) == ["alice-000004", "bob-000002"]


def test_the_newest_of_a_series_that_a_reader_took_for_results_is_final():
    saves = named("x-8", "x-9", "x-10", "x-11", final=True)
    assert chosen(saves, "every:2")[0] == ["x-9", "x-11"]
    assert chosen(saves, "last:2")[0] == ["x-10", "x-11"]


def test_trainings_that_are_apart_are_decided_each_by_itself():
    saves = [Save(name, number, name=name, final="-" not in name)
             for number, name in enumerate(["a-01", "b-01", "a-02", "c", "b"], 1)]  # fmt: skip
    assert chosen(saves, "final", over=False, apart=True) == (["c", "b"], ["b-01", "a-01"][::-1], ["a-02"])
    assert chosen(saves, "final", apart=True) == (["a-02", "c", "b"], ["a-01", "b-01"], [])


def test_what_a_result_called_final_ends_is_not_published_beside_it():
    saves = named("toy_step100", "toy_step200", "toy_final", final=("toy_final",))
    assert chosen(saves, "final", apart=True) == (["toy_final"], ["toy_step100", "toy_step200"], [])


@pytest.mark.parametrize(
    ("name", "published"), [("red", True), ("my_style_v2", True), ("red-2024", True), ("x-8", False), ("x-08", False)]
)
def test_a_result_that_may_be_one_of_a_series_waits_for_the_end(name, published):
    assert chosen(named(name, final=True), "final", over=False, apart=True) == (
        ([name], [], []) if published else ([], [], [name])
    )
    assert chosen(named(name, final=True), "final", apart=True) == ([name], [], [])


@dataclass
class Saved:
    """One save of a training: the name is what sd-scripts writes, the rest what a hook is told."""

    name: str
    step: int | None = None
    epoch: int | None = None
    metric: float | None = None
    final: bool = False


def steps(*metrics):
    return [Saved(f"toy-step{step:08d}", step, metric=metric) for step, metric in enumerate(metrics, 1)]


CONSTELLATIONS = {
    "with a final one": [*steps(None, None, None), Saved("toy", final=True)],
    "without a final one": steps(None, None, None),
    "by epochs": [Saved("toy-000002", epoch=2), Saved("toy-000004", epoch=4)],
    "metrics": steps(0.3, 0.9, 0.5),
    "metrics and a final one": [*steps(0.3, 0.9, 0.5), Saved("toy", final=True)],
    "a tie": steps(0.9, 0.9, 0.5),
    "a tie with the final one": [*steps(0.9, 0.2), Saved("toy", metric=0.9, final=True)],
    "NaN": steps(math.nan, 0.2, math.nan),
    "NaN alone": [*steps(math.nan, math.nan), Saved("toy", metric=math.nan, final=True)],
    "two final ones": [Saved("blue", final=True), Saved("red", final=True)],
    "two final ones and saves": [*steps(0.1, 0.2), Saved("toy", final=True), Saved("twig", metric=0.1, final=True)],
    "the final one is the last save": [*steps(None, None), Saved("toy", 2, final=True)],
    "the final one is the best save": [*steps(0.1, 0.9), Saved("toy", 2, final=True)],
    "one save": steps(None),
    "unrelated results": [Saved("toy-2", final=True), Saved("toy", final=True), Saved("axe", final=True)],
    "a result that is called so": [*steps(None, None), Saved("toy-final", final=True)],
    "one final save": [Saved("toy", final=True)],
    "a trainer that numbers all": [Saved("toy-08"), Saved("toy-09"), Saved("toy-10", final=True)],
    "no leading zeros": [Saved("toy-8"), Saved("toy-9"), Saved("toy-10"), Saved("toy-11", final=True)],
}


@pytest.fixture
def training(tmp_path, monkeypatch):
    training = Training(tmp_path / "run", tmp_path / "home")
    training.folder.mkdir()
    monkeypatch.chdir(training.folder)
    for name, value in training.environ.items():
        monkeypatch.setenv(name, value)
    return training


@pytest.mark.parametrize("which", RULES)
@pytest.mark.parametrize("saves", CONSTELLATIONS.values(), ids=CONSTELLATIONS)
def test_a_folder_and_a_hook_agree(training, saves, which):
    hook = PublishHook(which=which)
    for number, entry in enumerate(saves, 1):
        file = save(training.folder / f"{entry.name}.safetensors", number, data=number)
        hook.on_save(file, step=entry.step, epoch=entry.epoch, metric=entry.metric, final=entry.final)
    hook.on_end()
    from_hook = [Path(item.path).stem for item in sort_out(training.handed(), lambda _run: True).due]
    told = {entry.name: {"metric": entry.metric, "step": entry.step} for entry in saves}
    artifacts = [entry.model_copy(update=told[entry.path.stem]) for entry in read_run(training.folder).artifacts]
    from_folder = [artifact.path.stem for artifact in choose_artifacts(artifacts, which).artifacts]
    assert from_folder == from_hook
    assert from_folder or which == "every:2"


NAMES = st.sampled_from(["", "red", "blue", "x", "x-08", "x-09", "x-8", "x-9", "y-8", "step_00500", "d/epoch3", "s_v2"])
SAVES = st.lists(
    st.builds(
        Save,
        key=st.just(0),
        number=st.integers(0, 4),
        step=st.none() | st.integers(0, 4),
        epoch=st.none() | st.integers(0, 4),
        metric=st.none() | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 0.5]),
        final=st.booleans(),
        name=NAMES,
        role=st.integers(0, 2),
    ),
    max_size=8,
)


@given(SAVES, st.sampled_from([*RULES, "every:0", "last:", "nonsense"]), st.booleans(), st.booleans())
def test_every_save_has_one_answer(saves, which, over, apart):
    saves = [Save(**{**entry.__dict__, "key": key}) for key, entry in enumerate(saves)]
    choice = choose(saves, which, over=over, apart=apart)
    assert sorted(keys([*choice.publish, *choice.superseded, *choice.undecided])) == list(range(len(saves)))
    assert not (over and choice.undecided)
    assert choice == choose(saves, which, over=over, apart=apart)
    if saves and over and not which.startswith("every"):
        assert choice.publish


@given(
    SAVES.filter(lambda saves: not any(entry.final for entry in saves)), st.sampled_from(["final", "last:2", "best"])
)
def test_letting_go_of_what_is_superseded_changes_nothing(saves, which):
    saves = [Save(key, 1 + key, metric=entry.metric) for key, entry in enumerate(saves)]
    kept: list[Save] = []
    for entry in saves:
        kept = list(choose([*kept, entry], which, over=False).undecided)
    assert choose(kept, which, over=True).publish == choose(saves, which, over=True).publish
