"""Choosing which files of a run are published, by the rule of :mod:`rw_hooks.which`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from rw_hooks import which as policy
from rw_hooks.errors import ArtifactError, MissingError
from rw_hooks.integration.protocol import Role, RunArtifact
from rw_hooks.series import has_time

__all__ = ["Choice", "Verdict", "choose_artifacts", "judge_new_file"]

Verdict = Literal["publish", "undecided", "superseded"]

# Of several final files the first of these roles is chosen. Wan's low-noise model comes first: it draws
# the details, and works without the other.
_ROLE_ORDER: tuple[Role, ...] = ("main", "low_noise", "high_noise", "embedding", "twin", "ema", "text_encoder")
_ROLE_REASONS: dict[Role, str] = {
    "main": "an earlier save",
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
        artifacts: The files to publish, in the order of their saves.
        offered: Files that could be published too; ``reason`` says why they are not.
        refused: Files that must not be published; ``reason`` says why.
        notes: What a person should know about the choice.
    """

    artifacts: tuple[RunArtifact, ...]
    offered: tuple[RunArtifact, ...]
    refused: tuple[RunArtifact, ...]
    notes: tuple[str, ...] = ()


def choose_artifacts(
    artifacts: Sequence[RunArtifact], which: str, *, named: Path | None = None, ask: bool = True
) -> Choice:
    """Choose the files to publish: the named file, or the files of a folder that ``which`` asks for.

    Args:
        artifacts: All files of the run.
        which: As :func:`rw_hooks.which.choose` takes it.
        named: The file that the user named; it is published whatever ``which`` says.
        ask: Whether to raise if nothing shows which of several unrelated files is the result; otherwise the newest of
            each is published.

    Raises:
        ArtifactError: The named file must not be published.
        MissingError: None of several unrelated files is final.
    """
    refused = tuple(artifact for artifact in artifacts if not artifact.publishable)
    usable = _usable(artifacts)
    if named is not None:
        chosen = _named(usable, refused, named)
        return Choice(tuple(chosen), _others(usable, chosen), refused)
    choice = policy.choose([_save(artifact, final=artifact.final) for artifact in usable], which, over=True)
    if choice.unsure and ask:
        _ask(usable)
    chosen = [artifact for save in choice.publish for artifact in usable if artifact.path == save.key]
    return Choice(tuple(chosen), _others(usable, chosen), refused, choice.notes)


def judge_new_file(artifacts: Sequence[RunArtifact], path: Path, which: str) -> Verdict:
    """Decide about one file of a folder in which saves may still appear.

    Args:
        artifacts: The files that have appeared so far.
        path: One of them.
        which: As :func:`rw_hooks.which.choose` takes it.
    """
    # A save named by its time (OneTrainer) has another name than its result, so the result would not replace it.
    usable = [artifact for artifact in _usable(artifacts) if artifact.final or not has_time(artifact.path.stem)]
    saves = [_save(artifact, final=artifact.final and not artifact.so_far) for artifact in usable]
    choice = policy.choose(saves, which, over=False, apart=True)
    if path in {save.key for save in choice.publish}:
        return "publish"
    return "undecided" if path in {save.key for save in choice.undecided} else "superseded"


def _usable(artifacts: Sequence[RunArtifact]) -> list[RunArtifact]:
    """Return what may be published: of each role the older first, as a hook sees the files come.

    Only where neither step, epoch nor a counter tells which is newer does this order decide; names decide where files
    have one time, as they have out of an archive.
    """

    def order(artifact: RunArtifact) -> tuple[int, int, str]:
        path = artifact.path
        return _ROLE_ORDER.index(artifact.role), _written(path), path.with_suffix("").as_posix()

    return sorted((artifact for artifact in artifacts if artifact.publishable), key=order)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _save(artifact: RunArtifact, *, final: bool) -> policy.Save:
    return policy.Save(
        key=artifact.path,
        step=artifact.step,
        epoch=artifact.epoch,
        metric=artifact.metric,
        final=final,
        name=artifact.path.with_suffix("").as_posix(),
        role=_ROLE_ORDER.index(artifact.role),
    )


def _named(usable: Sequence[RunArtifact], refused: Sequence[RunArtifact], named: Path) -> list[RunArtifact]:
    for artifact in refused:
        if artifact.path == named:
            raise ArtifactError(
                "not_a_result",
                f"{named.name} must not be published: {artifact.reason}",
                hint="give the trainer's result file, or its output folder",
                stage="inspect",
            )
    return [artifact for artifact in usable if artifact.path == named] or [RunArtifact(path=named)]


def _ask(usable: Sequence[RunArtifact]) -> None:
    names = ", ".join(artifact.path.name for artifact in usable[:5])
    raise MissingError("no_final_file", f"the training left no final file, only: {names}",
                       hint="give --which last:1 to publish the latest save, or give the path of one "
                            "file", stage="inspect")  # fmt: skip


def _others(usable: Sequence[RunArtifact], chosen: Sequence[RunArtifact]) -> tuple[RunArtifact, ...]:
    """Return the files that were not chosen, each with the reason."""
    others = (artifact for artifact in usable if artifact not in chosen)
    return tuple(artifact.model_copy(update={"reason": _ROLE_REASONS[artifact.role]}) for artifact in others)
