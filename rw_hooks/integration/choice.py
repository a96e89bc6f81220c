"""Which of a run's files are published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rw_hooks.errors import ArtifactError, MissingError
from rw_hooks.integration.protocol import Role, RunArtifact

__all__ = ["Choice", "choose_artifacts"]

# Of several final files the first of these roles is chosen. Wan's low-noise model before the high-noise one: it draws
# the details, and works by itself.
_ROLE_ORDER: tuple[Role, ...] = ("main", "low_noise", "high_noise", "embedding", "twin", "ema", "text_encoder")
_ROLE_REASONS: dict[Role, str] = {
    "main": "another final file",
    "high_noise": "the high-noise model of the pair",
    "low_noise": "the low-noise model of the pair",
    "embedding": "the embedding trained along with it",
    "ema": "the moving average of the same weights",
    "twin": "the same weights under other key names",
    "text_encoder": "the text encoder trained along with it",
}


class Choice(NamedTuple):
    """The files to publish.

    Attributes:
        artifacts: To publish, in the order of their saves.
        offered: Could be published too; ``reason`` says why they are not.
        refused: Must not be published; ``reason`` says why.
    """

    artifacts: tuple[RunArtifact, ...]
    offered: tuple[RunArtifact, ...]
    refused: tuple[RunArtifact, ...]


def choose_artifacts(artifacts: Sequence[RunArtifact], which: str, *, named: Path | None = None) -> Choice:
    """Choose by rule: the named file, or of a folder what ``which`` asks for.

    Args:
        artifacts: All files of the run.
        which: ``final``, ``all``, ``best``, ``every:N`` (every Nth save and the final one), ``last:K``.
        named: The one file that the user named; it is published whatever ``which`` says.

    Raises:
        ArtifactError: The named file must not be published.
        MissingError: There is no final file, or no score to choose the best by.
    """
    refused = tuple(artifact for artifact in artifacts if not artifact.publishable)
    usable = sorted((artifact for artifact in artifacts if artifact.publishable), key=_save_order)
    if named is not None:
        chosen = _named(usable, refused, named)
    elif usable:
        chosen = _by_rule(usable, which)
    else:
        chosen = []
    offered = tuple(_with_reason(artifact) for artifact in usable if artifact not in chosen)
    return Choice(tuple(chosen), offered, refused)


def _save_order(artifact: RunArtifact) -> tuple[bool, float, float, int, str]:
    step = math.inf if artifact.step is None else artifact.step
    epoch = math.inf if artifact.epoch is None else artifact.epoch
    return artifact.final, step, epoch, _ROLE_ORDER.index(artifact.role), str(artifact.path)


def _named(usable: Sequence[RunArtifact], refused: Sequence[RunArtifact], named: Path) -> list[RunArtifact]:
    for artifact in refused:
        if artifact.path == named:
            raise ArtifactError(
                "not_a_result",
                f"{named.name} must not be published: {artifact.reason}",
                hint="name the trainer's result file, or its output folder",
                stage="inspect",
            )
    return [artifact for artifact in usable if artifact.path == named] or [RunArtifact(path=named)]


def _by_rule(usable: list[RunArtifact], which: str) -> list[RunArtifact]:
    if which == "all":
        return usable
    if which == "best":
        return [_best(usable)]
    role = min((artifact.role for artifact in usable), key=_ROLE_ORDER.index)
    line = [artifact for artifact in usable if artifact.role == role]
    word, _, count = which.partition(":")
    if word == "last":
        return line[-int(count) :]
    finals = [artifact for artifact in line if artifact.final]
    if word == "every":
        saves = [artifact for artifact in line if not artifact.final]
        return saves[int(count) - 1 :: int(count)] + finals
    return [_only_final(finals, usable)]


def _only_final(finals: list[RunArtifact], usable: list[RunArtifact]) -> RunArtifact:
    if len(finals) == 1:
        return finals[0]
    names = ", ".join(artifact.path.name for artifact in (finals or usable)[:5])
    if finals:
        raise MissingError("which_file", f"the folder holds several results: {names}",
                           hint="name one of the files, or give --which all", stage="inspect")  # fmt: skip
    raise MissingError("no_final_file", f"the training left no final file, only: {names}",
                       hint="give --which last:1 for the latest save, or name a file", stage="inspect")  # fmt: skip


def _best(usable: list[RunArtifact]) -> RunArtifact:
    scored = [artifact for artifact in usable if artifact.metric is not None]
    if not scored:
        raise MissingError(
            "no_metric",
            "no save of this run has a score to choose the best by",
            hint="give metric=... to on_save, or choose with --which last:1",
            stage="inspect",
        )
    return max(scored, key=lambda artifact: -math.inf if artifact.metric is None else artifact.metric)


def _with_reason(artifact: RunArtifact) -> RunArtifact:
    reason = _ROLE_REASONS[artifact.role] if artifact.final or artifact.role != "main" else "an earlier save"
    return artifact.model_copy(update={"reason": reason})
