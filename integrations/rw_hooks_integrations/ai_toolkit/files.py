"""The files of ai-toolkit: ``NAME``, ``NAME_000000250``, Wan's noise pair, and the samples of each step."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from rw_hooks.facts import Fact
from rw_hooks.facts.values import dig, whole
from rw_hooks.integration import Role, RunArtifact, RunFolder

__all__ = ["ai_toolkit_artifacts"]

_NAME = re.compile(
    r"(?P<stem>.+?)(?:_LoRA)?(?:_(?P<step>\d{9}))?(?P<noise>_high_noise|_low_noise)?(?:_(?P<late>\d{9}))?"
)
_SAMPLE = re.compile(r"(?:\d+_)?_?(\d{9})_(\d+)\.(?:jpe?g|png|webp)")
_ROLES: dict[str, Role] = {"_high_noise": "high_noise", "_low_noise": "low_noise"}


def ai_toolkit_artifacts(run: RunFolder, name: str | None, version: Fact[str] | None) -> Sequence[RunArtifact]:
    """Return the run's files.

    Args:
        run: The run.
        name: The job's name, where its config is there: other files of the folder are another job's.
        version: ``meta.version``.
    """
    samples = _samples(run)
    artifacts: list[RunArtifact] = []
    for path in run.weights:
        match = _NAME.fullmatch(path.stem)
        if match is None or (name is not None and path.stem != name and match["stem"] != name):
            continue
        named = match["step"] or match["late"] if path.stem != name else None
        step = int(named) if named else _trained_steps(run, path)
        artifacts.append(
            RunArtifact(
                path=path,
                role=_ROLES.get(match["noise"] or "", "main"),
                step=step,
                final=named is None,
                sample=_sample_of(samples, int(named) if named else None),
                version=_version(version, step),
            )
        )
    return artifacts


def _trained_steps(run: RunFolder, path: Path) -> int | None:
    """Return the step that the weights name in ``training_info``."""
    try:
        return whole(dig(json.loads(run.metadata(path).get("training_info", "{}")), "step"))
    except ValueError:
        return None


def _version(meta: Fact[str] | None, step: int | None) -> Fact[str] | None:
    """Return ``1.0-step-250``: every config says 1.0 unless somebody changed it."""
    if meta is None:
        return None
    return Fact(value=f"{meta.value}-step-{step}", source=f"{meta.source} and step") if step is not None else meta


def _samples(run: RunFolder) -> dict[int, Path]:
    """Return the first sample of each step; step 0 is the untrained baseline."""
    found: dict[int, tuple[int, Path]] = {}
    for path in run.matching(r"(?:.*/)?samples/[^/]+"):
        match = _SAMPLE.fullmatch(path.name)
        if match and int(match[1]) > 0:
            step, prompt = int(match[1]), int(match[2])
            found[step] = min(found.get(step, (prompt, path)), (prompt, path))
    return {step: path for step, (_, path) in found.items()}


def _sample_of(samples: dict[int, Path], step: int | None) -> Path | None:
    if step is not None:
        return samples.get(step)
    return samples[max(samples)] if samples else None
