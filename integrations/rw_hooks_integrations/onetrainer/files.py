"""The files of OneTrainer: the configured destination, ``save/``, backups, and the workspace's samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rw_hooks.facts.values import base_name
from rw_hooks.integration import RunArtifact, RunFolder

__all__ = ["is_timestamp", "onetrainer_artifacts"]

_TIME = r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}"
_SAVE = re.compile(r".*-save-(\d+)-(\d+)-\d+")
_BACKUP = re.compile(rf"{_TIME}-backup-(\d+)-(\d+)-\d+")
_SAMPLE = re.compile(r".*-training-sample-(\d+)-(\d+)-\d+\.(?:jpe?g|png|webp)")


class _Sample(NamedTuple):
    """A sample image: the step it was drawn at, its prompt's place in the list."""

    step: int
    prompt: int
    path: Path


def is_timestamp(stem: str) -> bool:
    """Whether a name is only the time: OneTrainer makes one up where the destination is a folder."""
    return re.fullmatch(_TIME, stem) is not None


def onetrainer_artifacts(run: RunFolder, destination: str | None) -> Sequence[RunArtifact]:
    """Return the run's files.

    Args:
        run: The run.
        destination: ``output_model_destination``: the final file, or the folder of it.
    """
    name = base_name(destination) if destination and destination.endswith(".safetensors") else None
    samples = _samples(run)
    return [_artifact(run, path, name, samples) for path in run.weights]


def _artifact(run: RunFolder, path: Path, name: str | None, samples: Sequence[_Sample]) -> RunArtifact:
    save = _SAVE.fullmatch(path.stem)
    if save is not None:
        step = int(save[1])
        return RunArtifact(path=path, step=step, epoch=int(save[2]), sample=_drawn(samples, step))
    is_final = name in (None, path.name)
    return RunArtifact(path=path, step=_last_step(run), final=is_final, sample=_drawn(samples, None))


def _last_step(run: RunFolder) -> int | None:
    """Return the step of the last backup, which is made at the end."""
    folders = {part for path in run.files for part in path.relative_to(run.root).parts[:-1]}
    return max((int(match[1]) for folder in folders if (match := _BACKUP.fullmatch(folder))), default=None)


def _samples(run: RunFolder) -> list[_Sample]:
    samples: list[_Sample] = []
    for path in run.matching(r"(?:.*/)?samples/[^/]+/[^/]+"):
        match, prompt = _SAMPLE.fullmatch(path.name), re.match(r"\d+", path.parent.name)
        if match and int(match[1]) > 0:
            samples.append(_Sample(int(match[1]), int(prompt[0]) if prompt else 0, path))
    return samples


def _drawn(samples: Sequence[_Sample], step: int | None) -> Path | None:
    fitting = [sample for sample in samples if step in (None, sample.step)]
    newest = max(fitting, key=lambda sample: (sample.step, -sample.prompt), default=None)
    return newest.path if newest else None
