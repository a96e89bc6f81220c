"""Joining what the bytes, the run and the user say into one request, each field with the source it came from.

Strongest first: what was given (a flag, the environment, ``rw-hooks.toml``), the trainer's own config, the file's
claims, the file's structure, the platform's default. What a model *is* (category, type, family, architecture) goes
the other way round after the explicit word: structure first, and claims and config may only choose among what
structure leaves open; a contradiction is a finding.
"""

from __future__ import annotations

from rw_hooks.artifact.model import Inspection
from rw_hooks.config.settings import Settings
from rw_hooks.describe.cost import storage_cost
from rw_hooks.describe.fields import put_defaults, put_hero, put_naming, put_words, require_applicable
from rw_hooks.describe.identity import put_architecture, put_category, put_conditioning, put_type
from rw_hooks.describe.model import NOT_RESOLVED, Description, Draft, Missing, WireValue
from rw_hooks.describe.summary import put_comment, warn_of_lost_alpha
from rw_hooks.facts.model import TrainingFacts

__all__ = ["NOT_RESOLVED", "Description", "Missing", "WireValue", "describe", "storage_cost"]


def describe(
    inspection: Inspection,
    facts: TrainingFacts,
    settings: Settings,
    *,
    air: str | None = None,
    air_source: str = "",
) -> Description:
    """Join an inspection, a run's facts and the given options into one request.

    Args:
        inspection: The file. Without its sha256 (``--header-only``) ``uniqueIdentifier`` is left out.
        facts: What the run says; an empty ``TrainingFacts()`` where there is no run.
        settings: What was given.
        air: The whole AIR, once it is resolved.
        air_source: Where the AIR came from.

    Raises:
        UsageError: A given option does not apply to the file's category.
    """
    draft = Draft(inspection, facts, settings)
    draft.put("taskType", "modelUpload", "constant")
    _put_air(draft, air, air_source)
    put_category(draft)
    require_applicable(draft)
    put_type(draft)
    put_architecture(draft)
    put_conditioning(draft)
    draft.put("format", "safetensors", "constant")
    if inspection.sha256 is not None:
        draft.put("uniqueIdentifier", inspection.sha256, "sha256 of the file")
    put_naming(draft)
    put_words(draft)
    put_comment(draft)
    put_defaults(draft)
    put_hero(draft)
    warn_of_lost_alpha(draft)
    for trouble in facts.unread:
        draft.warn("config_unreadable", trouble)
    return draft.finish()


def _put_air(draft: Draft, air: str | None, source: str) -> None:
    given = draft.settings.given.get("air")
    if air is not None:
        draft.put("air", air, source or (given.source if given else "resolved"))
    elif given is not None and "@" in str(given.value):
        draft.put("air", str(given.value), given.source)
    else:
        draft.sources["air"] = NOT_RESOLVED
