"""The comment: a summary of the run in one line, without paths. Also the warning that a LoRA's scale was lost."""

from __future__ import annotations

from pathlib import PurePosixPath

from rw_hooks.artifact.model import Inspection
from rw_hooks.config.options import option
from rw_hooks.describe.model import Draft
from rw_hooks.facts.model import TrainingFacts
from rw_hooks.facts.values import without_paths
from rw_hooks.support.redact import redact

__all__ = ["put_comment", "warn_of_lost_alpha"]

_WITHOUT_ALPHA_KEYS = frozenset({"diffusers-peft", "diffusers-old", "comfy", "peft", "diffsynth"})


def put_comment(draft: Draft) -> None:
    """Put the comment: as given, else the comment in the trainer's config, followed by a summary of the run."""
    inspection, facts = draft.inspection, draft.facts
    given = draft.settings.given.get("comment")
    if given is not None:
        draft.put("comment", str(given.value), given.source)
        return
    remark, source = _remark(inspection, facts)
    summary = "; ".join(f"{key} {value}" for key, value in _summary(inspection, facts).items() if value)
    text = redact(without_paths("; ".join(filter(None, (remark, summary)))))
    entry = option("comment")
    if len(text) < (entry.low or 0):
        return
    if entry.high is not None and len(text) > entry.high:
        draft.warn("value_cut", f"comment was cut to {entry.high:g} characters; it had {len(text)}")
        text = text[: int(entry.high)]
    draft.put("comment", text, "; ".join(filter(None, (source, "summary of the run" if summary else ""))))


def _remark(inspection: Inspection, facts: TrainingFacts) -> tuple[str, str]:
    if facts.comment is not None:
        return facts.comment.value, facts.comment.source
    claims = inspection.claims
    return (claims.comment, claims.sources.get("comment", "the file's metadata")) if claims.comment else ("", "")


def _summary(inspection: Inspection, facts: TrainingFacts) -> dict[str, str]:
    """Return the parts of the summary.

    For the rank, the file's structure is stronger than its metadata and the config.
    """
    claims = inspection.claims
    trainer = facts.trainer.value if facts.trainer else claims.trainer
    parts = {
        "trained with": trainer,
        "base": _base_name((facts.base_model.value if facts.base_model else claims.base_model) or ""),
        "algorithm": inspection.algorithm if inspection.algorithm != inspection.category else None,
        "rank": _shown(inspection.rank or claims.rank or facts.summary.get("rank")),
        "alpha": _shown(inspection.alpha or claims.alpha or facts.summary.get("alpha")),
        "steps": _shown(claims.steps or facts.summary.get("steps")),
        "epochs": _shown(claims.epoch or facts.summary.get("epochs")),
        "resolution": facts.summary.get("resolution") or claims.resolution,
        "optimizer": (facts.summary.get("optimizer") or claims.optimizer or "").rpartition(".")[2],
        "learning rate": facts.summary.get("learning rate") or claims.learning_rate,
    }
    others = {key: value for key, value in facts.summary.items() if key not in parts}
    return {key: value for key, value in {**parts, **others}.items() if value}


def _shown(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else value or ""


def _base_name(base: str) -> str:
    return PurePosixPath(base.replace("\\", "/")).name if _is_path(base) else base


def _is_path(base: str) -> bool:
    """Whether the base is a path on this machine; ``org/name`` is a repository id."""
    return base.startswith(("/", "\\", "~", ".")) or "\\" in base or ":" in base or base.count("/") > 1


def warn_of_lost_alpha(draft: Draft) -> None:
    """Warn if the file stores no alpha, but the training scaled by alpha / rank.

    Loaders assume alpha = rank for such a file. Files that musubi converted (``ss_*`` metadata with such keys) include
    the scale already.
    """
    inspection, facts = draft.inspection, draft.facts
    alpha, rank = facts.summary.get("alpha"), facts.summary.get("rank") or inspection.rank
    if alpha is None or rank is None or inspection.format not in _WITHOUT_ALPHA_KEYS or inspection.alpha is not None:
        return
    if {"lora_adapter_metadata", "ss_network_alpha"} & inspection.metadata.keys():
        return
    try:
        scale = float(alpha) / float(rank)
    except (ValueError, ZeroDivisionError):
        return
    if scale not in (0.0, 1.0):
        draft.warn(
            "alpha_lost",
            f"the training used alpha {alpha} at rank {rank}, but the file stores no alpha, so loaders apply it at "
            f"full strength; give --weight {scale:g} to restore the trained strength",
        )
