from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rw_hooks.errors import ArtifactError, MissingError
from rw_hooks.integration.choice import choose_artifacts
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
    with pytest.raises(MissingError, match="no save of this run has a score"):
        choose_artifacts(LINE, "best")


def test_a_run_that_left_no_final_file_is_not_published_unasked() -> None:
    saves = [artifact for artifact in LINE if not artifact.final]
    with pytest.raises(MissingError) as caught:
        choose_artifacts(saves, "final")
    assert "--which last:1" in caught.value.hint
    assert names(choose_artifacts(saves, "last:1").artifacts) == ["step500"]


def test_several_results_are_asked_about() -> None:
    with pytest.raises(MissingError, match="several results: a, b"):
        choose_artifacts([saved("a", final=True), saved("b", final=True)], "final")


def test_a_folder_with_nothing_to_publish_gives_nothing() -> None:
    assert choose_artifacts([LINE[-1]], "final").artifacts == ()
    assert choose_artifacts([], "all") == ((), (), ())


def test_a_named_file_is_taken_whatever_which_says() -> None:
    assert names(choose_artifacts(LINE, "final", named=Path("step300")).artifacts) == ["step300"]
    assert names(choose_artifacts(LINE, "final", named=Path("stranger")).artifacts) == ["stranger"]


def test_a_named_file_that_must_not_be_published_is_refused_with_the_reason() -> None:
    with pytest.raises(ArtifactError, match="a training state"):
        choose_artifacts(LINE, "all", named=Path("state"))
