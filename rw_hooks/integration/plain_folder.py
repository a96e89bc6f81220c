"""Reading a folder that no integration recognises: its weights files, and which of them are final."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rw_hooks.facts.model import TrainingFacts
from rw_hooks.integration.folder import RunFolder
from rw_hooks.integration.protocol import RunArtifact

__all__ = ["PlainFolder", "SaveName", "save_name"]

_DATE = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_SAVE_NAME = re.compile(
    r"(?P<stem>.*?)(?:[-_]?step[-_]?(?P<step>\d+)|[-_]?epoch[-_]?(?P<epoch>\d+)"
    rf"|[-_](?!{_DATE}$)(?P<count>\d{{5,}}))?",
    re.IGNORECASE,
)


class SaveName(NamedTuple):
    """What a file's name says about the save.

    Attributes:
        stem: The name without it.
        step: Optimizer steps.
        epoch: Epochs.
        counted: A number of five or more digits that is not a date; what it counts depends on the trainer.
    """

    stem: str
    step: int | None
    epoch: int | None
    counted: int | None

    @property
    def intermediate(self) -> bool:
        """Whether the name contains a step, an epoch or another counter."""
        return self.step is not None or self.epoch is not None or self.counted is not None


def save_name(path: Path) -> SaveName:
    """Split a file's name: ``maya-step00000500`` is ``maya`` at step 500."""
    match = _SAVE_NAME.fullmatch(path.stem)
    if match is None:
        return SaveName(path.stem, None, None, None)
    step, epoch, count = (int(match[group]) if match[group] else None for group in ("step", "epoch", "count"))
    return SaveName(match["stem"], step, epoch, count)


class PlainFolder:
    """The reader for unknown trainers: it lists the files and knows no facts."""

    name = "plain"

    def recognise(self, run: RunFolder) -> float:
        """Return 0.0, so that any other integration is preferred."""
        del run
        return 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return no facts, because a folder alone says nothing."""
        del run
        return TrainingFacts()

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the weights files at the top of the folder; if there are none, all files below it."""
        top = [path for path in run.weights if path.parent == run.root]
        return [_artifact(path) for path in top or run.weights]


def _artifact(path: Path) -> RunArtifact:
    name = save_name(path)
    return RunArtifact(path=path, step=name.step or name.counted, epoch=name.epoch, final=not name.intermediate)
