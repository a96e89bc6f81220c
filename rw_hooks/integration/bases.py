"""What the name of a base model says, or a trainer's word for it, as facts of a run."""

from __future__ import annotations

import re

from rw_hooks.artifact.identify.base_models import Named, base_name, base_version
from rw_hooks.facts.model import Fact, TrainingFacts

__all__ = ["Named", "base_facts", "base_from_name", "base_from_word"]


def base_from_word(word: str) -> Named | None:
    """Return the base model of a trainer's own word (``flux_kontext``, ``STABLE_DIFFUSION_15``), or None.

    A suffix such as ``:tag`` (ai-toolkit) is ignored.
    """
    return base_version(word.partition(":")[0])


def base_from_name(name: str) -> Named | None:
    """Return the base model that a repository id or a file name shows, or None if it shows none.

    Only the last part of a path is used, or the part that the Hub's cache made from a repository id
    (``models--org--name``), because other folders may have any name.
    """
    parts = [part for part in re.split(r"[\\/]", name.strip()) if part]
    cached = next((part for part in parts if part.startswith("models--")), None)
    return base_name(cached or parts[-1]) if parts else None


def base_facts(base: Named | None, source: str) -> TrainingFacts:
    """Return family and architecture as facts; empty facts if the base is not known."""
    if base is None:
        return TrainingFacts()
    return TrainingFacts(
        family=Fact(value=base.family, source=source),
        architecture=Fact(value=base.architecture, source=source) if base.architecture else None,
        other_variant=None if base.uploadable else Fact(value=True, source=source),
    )
