from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rw_hooks.errors import ArtifactError, MissingError
from rw_hooks.integration.choice import choose_artifacts, judge_new_file
from rw_hooks.integration.protocol import RunArtifact


def saved(name: str, **known: Any) -> RunArtifact:
    return RunArtifact(path=Path(name), **known)


LINE = [
    saved("final", final=True),
    *(saved(f"step{step}", step=step) for step in (300, 100, 500, 400, 200)),
    saved("state", publishable=False, reason="a training state"),
]
PAIR = [saved("high", final=True, role="high_noise"), saved("low", final=True, role="low_noise")]


def names(artifacts: tuple[RunArtifact, ...]) -> list[str]:
    return [artifact.path.name for artifact in artifacts]


@pytest.mark.parametrize(
    ("which", "chosen"),
    [
        ("final", ["final"]),
        ("all", ["step100", "step200", "step300", "step400", "step500", "final"]),
        ("every:2", ["step200", "step400", "final"]),
        ("every:9", ["final"]),
        ("last:1", ["final"]),
        ("last:3", ["step400", "step500", "final"]),
        ("last:99", ["step100", "step200", "step300", "step400", "step500", "final"]),
    ],
)
def test_saves_are_chosen_by_rule_in_the_order_of_the_training(which: str, chosen: list[str]) -> None:
    choice = choose_artifacts(LINE, which)
    assert names(choice.artifacts) == chosen
    assert set(names(choice.offered)) == {artifact.path.name for artifact in LINE} - {*chosen, "state"}
    assert names(choice.refused) == ["state"]


def test_one_of_a_pair_is_chosen_and_the_other_offered_with_the_reason() -> None:
    choice = choose_artifacts(PAIR, "final")
    assert names(choice.artifacts) == ["low"]
    assert [artifact.reason for artifact in choice.offered] == ["the high-noise model of the pair"]
    assert names(choose_artifacts(PAIR, "all").artifacts) == ["low", "high"]


def test_the_best_is_that_of_the_highest_score() -> None:
    scored = [saved("a", step=1, metric=0.1), saved("b", step=2, metric=0.9), saved("c", step=3)]
    assert names(choose_artifacts(scored, "best").artifacts) == ["b"]
    losses = [saved("a", step=1, metric=-0.5), saved("b", step=2, metric=0.0), saved("c", step=3, metric=-0.1)]
    assert names(choose_artifacts(losses, "best").artifacts) == ["b"]


def test_without_any_score_the_newest_is_the_best_and_that_is_said() -> None:
    choice = choose_artifacts(LINE, "best")
    assert names(choice.artifacts) == ["final"]
    assert "no save has a metric" in choice.notes[0]


def test_a_run_that_left_no_final_file_gives_its_newest_save() -> None:
    saves = [artifact for artifact in LINE if not artifact.final]
    assert names(choose_artifacts(saves, "final").artifacts) == ["step500"]


def test_unrelated_files_of_which_none_is_final_are_asked_about() -> None:
    saves = [saved("alice-000002", epoch=2), saved("bob-000002", epoch=2), saved("bob-000004", epoch=4)]
    with pytest.raises(MissingError, match="no final file, only: alice-000002, bob-000002") as caught:
        choose_artifacts(saves, "final")
    assert "--which last:1" in caught.value.hint
    assert names(choose_artifacts(saves, "last:1").artifacts) == ["bob-000004"]
    assert names(choose_artifacts(saves, "final", ask=False).artifacts) == ["alice-000002", "bob-000004"]


def test_several_results_are_all_published() -> None:
    assert names(choose_artifacts([saved("red", final=True), saved("blue", final=True)], "final").artifacts) == [
        "blue", "red",
    ]  # fmt: skip


def test_of_a_series_that_a_reader_took_for_results_the_newest_is_chosen_and_the_others_are_offered() -> None:
    choice = choose_artifacts([saved(f"mychara-{number:02d}", final=True) for number in (8, 9, 10)], "final")
    assert names(choice.artifacts) == ["mychara-10"]
    assert [(entry.path.name, entry.reason) for entry in choice.offered] == [
        ("mychara-08", "an earlier save"), ("mychara-09", "an earlier save"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("came", "verdicts"),
    [
        ([saved("red", final=True), saved("blue", final=True)], ["publish", "publish"]),
        ([saved("x-08", final=True)], ["undecided"]),
        ([saved("x-9", final=True), saved("x-10", final=True)], ["superseded", "undecided"]),
        ([saved("x", final=True), saved("x-000002", epoch=2)], ["publish", "superseded"]),
        ([saved("epoch-4", final=True, so_far=True)], ["undecided"]),
        ([saved("a2026-11-22_07-05-45-save-4-1-0", step=4)], ["superseded"]),
    ],
)
def test_what_is_done_with_a_file_that_appears(came: list[RunArtifact], verdicts: list[str]) -> None:
    assert [judge_new_file(came, artifact.path, "final") for artifact in came] == verdicts


def test_a_folder_with_nothing_to_publish_gives_nothing() -> None:
    assert choose_artifacts([LINE[-1]], "final").artifacts == ()
    assert choose_artifacts([], "all") == ((), (), (), ())


def test_a_named_file_is_taken_whatever_which_says() -> None:
    assert names(choose_artifacts(LINE, "final", named=Path("step300")).artifacts) == ["step300"]
    assert names(choose_artifacts(LINE, "final", named=Path("stranger")).artifacts) == ["stranger"]


def test_a_named_file_that_must_not_be_published_is_refused_with_the_reason() -> None:
    with pytest.raises(ArtifactError, match="a training state"):
        choose_artifacts(LINE, "all", named=Path("state"))
