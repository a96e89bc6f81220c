"""Joining what the file, the run and the user say into the description of one publication."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rw_hooks.api.inputs import ORIGIN
from rw_hooks.artifact.model import Inspection
from rw_hooks.config.options import OPTIONS, Value, coerce
from rw_hooks.config.settings import Settings
from rw_hooks.describe import Description, describe
from rw_hooks.facts.model import TrainingFacts
from rw_hooks.integration import read_run
from rw_hooks.publication.services import Services
from rw_hooks.publication.stages.foresee import air_source
from rw_hooks.publication.store import Row
from rw_hooks.support.redact import redact, redact_url

__all__ = ["describe_row", "facts_for", "without_secrets"]

_LOG = logging.getLogger("rw_hooks.publish")
_URLS = {"heroImageURL", "webhookURL"}


def describe_row(context: Services, row: Row, inspection: Inspection, *, air: str | None) -> Description:
    """Return the description of a publication, without the secret parts of its URLs: the journal has those apart."""
    facts = facts_for(Path(row.path), context.settings, row.facts)
    described = describe(inspection, facts, context.settings, air=air, air_source=air_source(context.settings))
    sources = {name: source for name, source in described.sources.items() if name in {*described.fields, "air"}}
    return without_secrets(described.model_copy(update={"sources": sources}))  # an image has its source with its URL


def without_secrets(described: Description) -> Description:
    """Return the description with the secret parts of its URLs removed."""
    shown = {
        name: redact_url(value) for name, value in described.fields.items() if isinstance(value, str) and name in _URLS
    }
    return described.model_copy(update={"fields": {**described.fields, **shown}})


def facts_for(path: Path, settings: Settings, told: Mapping[str, Any]) -> TrainingFacts:
    """Return what the run of this file says, and on top of it what the caller told in ``facts``."""
    config = settings.text("config")
    run = read_run(
        Path(told.get(ORIGIN) or path),
        config=Path(config) if config else None,
        trainer=settings.text("trainer"),
        argv=told.get("argv"),
    )
    stated = {name: {"value": value, "source": f"facts: {name}"} for name, value in _understood(told)}
    facts = run.facts.model_copy(update={"unread": tuple(map(redact, run.warnings))})
    if not stated:
        return facts
    return TrainingFacts.model_validate({**facts.model_dump(exclude_none=True), **stated})


def _understood(told: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Yield what the caller told, as options take it; what they would refuse is left out, and the log says so."""
    for name, value in told.items():
        if name not in TrainingFacts.model_fields or name in {"summary", "unread"} or value is None:
            continue
        try:
            yield name, coerce(OPTIONS[name], value) if name in OPTIONS else str(value)
        except ValueError as error:
            _LOG.warning("left out of the facts: %s", error)
