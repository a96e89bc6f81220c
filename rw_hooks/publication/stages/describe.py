"""The describe stage: file, run and options become one request, and each field has a source."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rw_hooks.artifact.model import Finding
from rw_hooks.config.options import OPTIONS, Value, coerce
from rw_hooks.config.settings import Settings
from rw_hooks.describe import Description, describe
from rw_hooks.facts.model import TrainingFacts
from rw_hooks.integration import Run, read_run
from rw_hooks.publication.receipt import read_receipts
from rw_hooks.publication.stages.air import air_source, ask_account, resolve_air
from rw_hooks.publication.stages.preview_image import hosted_image
from rw_hooks.publication.stages.work import Work
from rw_hooks.support.redact import redact, redact_url

__all__ = ["ARGV", "ORIGIN", "RUN", "describe_publication", "described", "facts_for", "facts_of", "without_secrets"]

ARGV = "argv"
"""The key of the trainer's arguments among a publication's facts."""
ORIGIN = "origin"
"""The key, among a publication's facts, of the path whose run describes the file, if it is another path."""
RUN = "run"
"""The key, among a publication's facts, of what its run says, if this was read when the file was chosen."""

_LOG = logging.getLogger("rw_hooks.publish")
_URLS = {"heroImageURL", "webhookURL"}


def describe_publication(work: Work) -> Description:
    """Describe the file, and reserve its AIR.

    Raises:
        MissingError: Something that only the user can give is missing.
        RefusedError: The account cannot upload (wrong key, no credit).
        UnreachableError: Runware is unreachable.
    """
    found = described(work)
    found.require_complete()
    account = ask_account(work.services, work.deadline)
    air = resolve_air(
        work.services, work.row.key, Path(work.row.path), deadline=work.deadline, account=account,
        reserve=work.row.id,
    )  # fmt: skip
    found = hosted_image(work.services, found.with_air(air, air_source(work.services.settings)), work.deadline)
    replaced = _replacement(work, air)
    return found if replaced is None else found.model_copy(update={"findings": (*found.findings, replaced)})


def described(work: Work) -> Description:
    """Return the description of a publication without the secret parts of its URLs, which the store has separately."""
    row, settings = work.row, work.services.settings
    facts = facts_for(Path(row.path), settings, row.facts)
    found = describe(work.results.inspection, facts, settings, air=row.air, air_source=air_source(settings))
    sources = {name: source for name, source in found.sources.items() if name in {*found.fields, "air"}}
    return without_secrets(found.model_copy(update={"sources": sources}))  # an image has its source with its URL


def without_secrets(found: Description) -> Description:
    """Return the description with the secret parts of its URLs removed."""
    shown = {
        name: redact_url(value) for name, value in found.fields.items() if isinstance(value, str) and name in _URLS
    }
    return found.model_copy(update={"fields": {**found.fields, **shown}})


def facts_for(path: Path, settings: Settings, told: Mapping[str, Any]) -> TrainingFacts:
    """Return the facts of this file's run, and those that the caller gave in ``facts``, which are stronger."""
    facts = TrainingFacts.model_validate(told[RUN]) if RUN in told else _read(path, settings, told)
    stated = {name: {"value": value, "source": f"facts: {name}"} for name, value in _understood(told)}
    if not stated:
        return facts
    return TrainingFacts.model_validate({**facts.model_dump(exclude_none=True), **stated})


def _read(path: Path, settings: Settings, told: Mapping[str, Any]) -> TrainingFacts:
    config = settings.text("config")
    run = read_run(
        Path(told.get(ORIGIN) or path),
        config=Path(config) if config else None,
        trainer=settings.text("trainer"),
        argv=told.get(ARGV),
    )
    return facts_of(run)


def facts_of(run: Run) -> TrainingFacts:
    """Return the facts of a run, together with what could not be read."""
    return run.facts.model_copy(update={"unread": tuple(map(redact, run.warnings))})


def _understood(told: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Yield the caller's facts as option values; values that an option would refuse are ignored, and logged."""
    for name, value in told.items():
        if name not in TrainingFacts.model_fields or name in {"summary", "unread"} or value is None:
            continue
        try:
            yield name, coerce(OPTIONS[name], value) if name in OPTIONS else str(value)
        except ValueError as error:
            _LOG.warning("this fact is ignored: %s", error)


def _replacement(work: Work, air: str) -> Finding | None:
    """Warn if the requested AIR already has a model with other weights."""
    row, store = work.row, work.services.store
    if row.live or "@" not in row.key.asked_air:
        return None
    told = read_receipts(Path(row.path)).get(air)
    if told is not None and (told.sha256, told.endpoint) == (row.key.sha256, row.key.endpoint):
        return None  # the journal was lost: the model has exactly these weights
    others = [other for other in store.holders(row.key.endpoint, air) if other.live]
    if not others and work.services.client.find(air, work.deadline) is None:
        return None
    return Finding(
        code="replaces_weights",
        severity="warning",
        message=f"{air} already has a model; this file replaces its weights",
    )
