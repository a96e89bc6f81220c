"""Joining what the file, the run and the user say into the description of one publication."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rw_hooks.artifact.model import Inspection
from rw_hooks.describe import Description, describe
from rw_hooks.facts.model import Fact, TrainingFacts
from rw_hooks.integration import read_run
from rw_hooks.publish.context import Context
from rw_hooks.publish.foresee import air_source
from rw_hooks.publish.journal import Row
from rw_hooks.redact import is_secret_url, redact_url
from rw_hooks.settings import Settings

__all__ = ["describe_row", "facts_for", "without_secrets"]


def describe_row(context: Context, row: Row, inspection: Inspection, *, air: str | None) -> Description:
    """Return the description of a publication; secret URLs in it go to the journal's table of secrets."""
    facts = facts_for(Path(row.path), context.settings, row.facts)
    described = describe(inspection, facts, context.settings, air=air, air_source=air_source(context.settings))
    shown, secrets = without_secrets(described)
    if secrets:
        context.journal.keep_secrets(row.id, secrets)
    return shown


def without_secrets(described: Description) -> tuple[Description, dict[str, str]]:
    """Return the description with the secret parts of its URLs removed, and the whole URLs by wire name."""
    secrets = {
        name: value for name, value in described.fields.items() if isinstance(value, str) and _is_secret(name, value)
    }
    fields = {**described.fields, **{name: redact_url(url) for name, url in secrets.items()}}
    return described.model_copy(update={"fields": fields}), secrets


def facts_for(path: Path, settings: Settings, told: Mapping[str, Any]) -> TrainingFacts:
    """Return what the run of this file says, and on top of it what the caller told in ``facts``."""
    config = settings.text("config")
    run = read_run(
        path, config=Path(config) if config else None, trainer=settings.text("trainer"), argv=told.get("argv")
    )
    known = TrainingFacts.model_fields
    stated = {
        name: Fact[Any](value=tuple(value) if isinstance(value, list) else value, source=f"facts: {name}")
        for name, value in told.items()
        if name in known and name != "summary" and value is not None
    }
    return TrainingFacts.model_validate({**run.facts.model_dump(exclude_none=True), **stated}) if stated else run.facts


def _is_secret(name: str, value: str) -> bool:
    return name.endswith("URL") and is_secret_url(value)
