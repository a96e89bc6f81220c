"""The files of the diffusers scripts: weights at the root, their twins and embeddings, and ``checkpoint-N/``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rw_hooks.integration import Role, RunArtifact, RunFolder

__all__ = ["checkpoint_step", "diffusers_artifacts"]

_WEIGHTS = re.compile(r"pytorch_lora_weights|learned_embeds|diffusion_pytorch_model")
_EMBEDS_AT_STEP = re.compile(r"learned_embeds-steps-(\d+)")
_CHECKPOINT = re.compile(r"checkpoint-(\d+)(?:-rolling)?")


def diffusers_artifacts(run: RunFolder) -> Sequence[RunArtifact]:
    """Return the run's files."""
    return [_artifact(run, path) for path in run.weights]


def checkpoint_step(path: Path) -> int | None:
    """Return the step of the ``checkpoint-N`` folder that a file lies in, or None."""
    match = next((match for part in path.parts if (match := _CHECKPOINT.fullmatch(part))), None)
    return int(match[1]) if match else None


def _artifact(run: RunFolder, path: Path) -> RunArtifact:
    relative = path.relative_to(run.root)
    step = checkpoint_step(relative)
    reason = _not_a_result(relative, step)
    if reason:
        return RunArtifact(path=path, step=step, publishable=False, reason=reason)
    at_step = _EMBEDS_AT_STEP.fullmatch(path.stem)
    step = int(at_step[1]) if at_step else step
    return RunArtifact(path=path, role=_role(run, path), step=step, final=step is None,
                       sample=_pushed_image(run) if step is None else None)  # fmt: skip


def _not_a_result(relative: Path, step: int | None) -> str:
    if step is not None and not (len(relative.parts) == 2 and _WEIGHTS.fullmatch(relative.stem)):  # noqa: PLR2004 - folder, file
        return "a training state, for resuming"
    return "" if len(relative.parts) == 1 or step is not None else "not at the top of the output folder"


def _role(run: RunFolder, path: Path) -> Role:
    if path.stem.endswith("_emb"):
        return "embedding"
    lora_beside = (path.parent / "pytorch_lora_weights.safetensors") in run.weights
    if path.stem.endswith("_kohya") or (lora_beside and path.stem != "pytorch_lora_weights"):
        return "twin"
    return "main"


def _pushed_image(run: RunFolder) -> Path | None:
    """Return the first validation image, which the scripts write into the folder only when they push."""
    return next(iter(run.matching(r"images?_0\.png")), None)
