"""Joining what the file, the run and the user say into one request; each field has a source.

The sources of most fields, strongest first: a given option (a flag, the environment, ``rw-hooks.toml``), the trainer's
config, the file's metadata, the file's structure, Runware's default. What a model *is* (category, type, family,
architecture) has another order: a given option, then the file's structure. The metadata and the trainer's config only
choose among the values that fit the structure. If they contradict it, there is a warning.
"""

from __future__ import annotations

from rw_hooks.air import AirRequest
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
        inspection: The inspection of the file. Without its sha256 (``--header-only``) there is no ``uniqueIdentifier``.
        facts: What the run says; an empty ``TrainingFacts()`` if there is no run.
        settings: The settings, with the given options.
        air: The complete AIR, if it is known.
        air_source: The source of the AIR.

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
    elif given is not None and AirRequest.parse(str(given.value)).is_complete:
        draft.put("air", str(given.value), given.source)
    else:
        draft.sources["air"] = NOT_RESOLVED
