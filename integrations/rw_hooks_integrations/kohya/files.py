"""The files of sd-scripts and musubi-tuner: ``NAME``, ``NAME-000004`` (epochs), ``NAME-step00000500``, samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rw_hooks.integration import RunArtifact, RunFolder, SaveName, refusal_by_place, save_name
from rw_hooks.series import counter_title

__all__ = ["kohya_artifacts"]

_SAMPLE = re.compile(r"(?:.*_)?(e?)(\d{6})_(\d{2})_\d{14}(?:_\d+)?\.(?:png|jpe?g|webp)")


class _Sample(NamedTuple):
    """A sample image: drawn at an epoch (or a step), the first prompt first."""

    by_epoch: bool
    moment: int
    prompt: int
    path: Path


def kohya_artifacts(run: RunFolder, output_name: str | None) -> Sequence[RunArtifact]:
    """Return the run's files.

    Args:
        run: The run.
        output_name: ``--output_name``, where it is known: other files of the folder are another run's. Some trainers
            number the last save too, so that none has just this name.
    """
    samples = _samples(run)
    is_numbered = output_name not in {path.stem for path in run.weights}
    artifacts: list[RunArtifact] = []
    for path in run.weights:
        reason = _cache(run, path)
        name = SaveName(path.stem, None, None, None) if path.stem == output_name else save_name(path)
        if reason:
            artifacts.append(RunArtifact(path=path, publishable=False, reason=reason))
        elif _is_of(output_name, path, name, is_numbered=is_numbered) or refusal_by_place(path):
            artifacts.append(_artifact(path, name, samples))
    return artifacts


def _is_of(output_name: str | None, path: Path, name: SaveName, *, is_numbered: bool) -> bool:
    """Whether a file is of the run with this output name."""
    if output_name in (None, name.stem):
        return True
    return is_numbered and counter_title(path.stem) == output_name


def _artifact(path: Path, name: SaveName, samples: Sequence[_Sample]) -> RunArtifact:
    epoch = name.epoch if name.epoch is not None else name.counted
    fitting = [
        sample
        for sample in samples
        if not name.intermediate or sample.moment == (epoch if sample.by_epoch else name.step)
    ]
    newest = max(fitting, key=lambda sample: (sample.moment, -sample.prompt), default=None)
    return RunArtifact(path=path, step=name.step, epoch=epoch, final=not name.intermediate,
                       sample=newest.path if newest else None)  # fmt: skip


def _samples(run: RunFolder) -> list[_Sample]:
    found = [(match, path) for path in run.matching(r"sample/[^/]+") if (match := _SAMPLE.fullmatch(path.name))]
    samples = [_Sample(match[1] == "e", int(match[2]), int(match[3]), path) for match, path in found]
    return [sample for sample in samples if sample.moment > 0]


def _cache(run: RunFolder, path: Path) -> str:
    """Return why a file of musubi's cache must not be published: it looks like a model by its suffix alone."""
    metadata = run.metadata(path)
    return "a latent or text encoder cache" if "caption1" in metadata or "architecture" in metadata else ""
