"""Why a sound file must still not be published: it is no model that Runware takes."""

from __future__ import annotations

from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.errors import ArtifactError

__all__ = ["refusal_finding", "require_publishable"]

_REASONS = {
    "training_state": ("this is the state of a training run, which resumes it", "publish the final LoRA beside it"),
    "optimizer_state": ("this is an optimizer's state", "publish the trained weights"),
    "dataset_cache": ("this is a trainer's cache of its dataset", "publish the trained weights"),
    "text_encoder": ("this is a text encoder alone", "publish the LoRA, embedding or checkpoint it was trained for"),
    "image_encoder": ("this is an image encoder alone", "publish the adapter or checkpoint that uses it"),
    "half_embedding": (
        "this is the half of an embedding that one of two text encoders reads",
        "merge both into one file, with the 768 wide tensor as clip_l and the 1280 wide one as clip_g",
    ),
    "ip_adapter": ("this is an IP-Adapter, which Runware does not take", ""),
    "motion_module": ("this is AnimateDiff's motion module, which Runware does not take", ""),
    "t2i_adapter": ("this is a T2I-Adapter, which Runware does not take", ""),
    "not_an_image_model": ("this is not a model that makes images", ""),
    "diffusers_component": (
        "this is one part of a diffusers pipeline folder",
        (
            "convert the whole folder to one file: "
            "python diffusers/scripts/convert_diffusers_to_original_sdxl.py --model_path FOLDER "
            "--checkpoint_path OUT.safetensors --use_safetensors (or ..._original_stable_diffusion.py for SD 1 and 2)"
        ),
    ),
}


def refusal_finding(code: str | None) -> tuple[Finding, ...]:
    """Return the finding that names what the file is, when it must not be published."""
    if code is None:
        return ()
    what, mend = _REASONS[code]
    return (Finding(code=code, severity="warning", message=what + (f"; {mend}" if mend else "")),)


def require_publishable(inspection: Inspection) -> None:
    """Let a file pass that may be published.

    Raises:
        ArtifactError: It is broken, untrained, or not a model that Runware takes; ``code`` is the finding's.
    """
    stopping = [finding for finding in inspection.findings if finding.severity == "error"]
    stopping += [finding for finding in inspection.findings if finding.code in _REASONS]
    if not stopping:
        return
    finding = stopping[0]
    hint = f"see: rw-hooks inspect {inspection.path}"
    raise ArtifactError(finding.code, f"{inspection.path}: {finding.message}", hint=hint, stage="inspect")
