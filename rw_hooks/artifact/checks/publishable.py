"""Why a sound file must still not be published: it is not a model that Runware accepts."""

from __future__ import annotations

from rw_hooks.artifact.checks.location import COMPONENT, HALF_EMBEDDING, SHARD, TRAINING_STATE, Refusal
from rw_hooks.artifact.model import Finding, Inspection, Severity
from rw_hooks.errors import ArtifactError

__all__ = ["refusal_finding", "require_publishable"]

_REFUSALS = {
    refusal.code: refusal
    for refusal in (
        TRAINING_STATE,
        COMPONENT,
        SHARD,
        HALF_EMBEDDING,
        Refusal("optimizer_state", "an optimizer's state", "publish the trained weights"),
        Refusal("dataset_cache", "a trainer's cache of its dataset", "publish the trained weights"),
        Refusal("text_encoder", "a text encoder alone", "publish the LoRA, embedding or checkpoint it was trained for"),
        Refusal("image_encoder", "an image encoder alone", "publish the adapter or checkpoint that uses it"),
        Refusal("ip_adapter", "an IP-Adapter, which Runware does not accept", ""),
        Refusal("motion_module", "AnimateDiff's motion module, which Runware does not accept", ""),
        Refusal("t2i_adapter", "a T2I-Adapter, which Runware does not accept", ""),
        Refusal("not_an_image_model", "not a model that makes images", ""),
    )
}


def refusal_finding(by_place: Refusal | None, code: str | None) -> tuple[Finding, ...]:
    """Return the finding that names what the file is, when it must not be published.

    Args:
        by_place: The refusal by its place, which is used if there are two.
        code: The code of the refusal by its content.
    """
    refusal = by_place or (_REFUSALS[code] if code else None)
    if refusal is None:
        return ()
    severity: Severity = "error" if refusal == SHARD else "warning"  # a shard is not a whole file
    return (Finding(code=refusal.code, severity=severity, message=f"this is {refusal.words}"),)


def require_publishable(inspection: Inspection) -> None:
    """Raise if a file must not be published.

    Raises:
        ArtifactError: It is broken, untrained, or not a model that Runware accepts; ``code`` is that of the finding.
    """
    stopping = [finding for finding in inspection.findings if finding.severity == "error"]
    stopping += [finding for finding in inspection.findings if finding.code in _REFUSALS]
    if not stopping:
        return
    finding = stopping[0]
    hint = f"see: rw-hooks inspect {inspection.path}"
    raise ArtifactError(finding.code, f"{inspection.path}: {finding.message}", hint=hint, stage="inspect")
