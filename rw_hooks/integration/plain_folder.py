"""Reading a folder that no integration recognises: its weights files, and which of them looks final."""

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
    """What a file's name says of the save.

    Attributes:
        stem: The name without it.
        step: Optimizer steps.
        epoch: Epochs.
        counted: A number of five digits or more that is no date; what it counts differs from trainer to trainer.
    """

    stem: str
    step: int | None
    epoch: int | None
    counted: int | None

    @property
    def intermediate(self) -> bool:
        """Whether the name tells of a moment in the training."""
        return self.step is not None or self.epoch is not None or self.counted is not None


def save_name(path: Path) -> SaveName:
    """Take a file's name apart: ``maya-step00000500`` is ``maya`` at step 500."""
    match = _SAVE_NAME.fullmatch(path.stem)
    if match is None:
        return SaveName(path.stem, None, None, None)
    step, epoch, count = (int(match[group]) if match[group] else None for group in ("step", "epoch", "count"))
    return SaveName(match["stem"], step, epoch, count)


class PlainFolder:
    """The reader of last resort: it knows no trainer, and says nothing beyond the files."""

    name = "plain"

    def recognise(self, run: RunFolder) -> float:
        """Return 0.0: any other integration is surer."""
        del run
        return 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return nothing: a folder says nothing by itself."""
        del run
        return TrainingFacts()

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the weights at the top of the folder, or all below it where there are none."""
        top = [path for path in run.weights if path.parent == run.root]
        return [_artifact(path) for path in top or run.weights]


def _artifact(path: Path) -> RunArtifact:
    name = save_name(path)
    return RunArtifact(path=path, step=name.step or name.counted, epoch=name.epoch, final=not name.intermediate)
