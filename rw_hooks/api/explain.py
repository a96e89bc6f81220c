"""Explaining what would be sent for a file, with the source of each field. Nothing is changed anywhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rw_hooks.air import AirRequest
from rw_hooks.api.inputs import Selected, require_an_air_each, selected
from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.config.settings import Settings
from rw_hooks.describe import NOT_RESOLVED, describe
from rw_hooks.engines.base import open_engine
from rw_hooks.errors import RwHooksError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.observer import Observer, Silent
from rw_hooks.publication.option_codec import without_secret
from rw_hooks.publication.report import error_record, not_enrolled
from rw_hooks.publication.services import Clients, Services, endpoint_of
from rw_hooks.publication.stages.air import air_source, resolve_air
from rw_hooks.publication.stages.describe import facts_for, without_secrets
from rw_hooks.publication.store import Key
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import os_errors_reported
from rw_hooks.support.text import require_printable

__all__ = ["explain"]

_PATIENCE_SECONDS = 15.0


def explain(paths: Sequence[Path], settings: Settings, observer: Observer | None = None) -> Iterator[Publication]:
    """Yield what would be sent for each file; an error of one file does not stop the others.

    With a key and a network connection, the AIR is found by asking Runware; without them it is null.

    Args:
        paths: Files and run folders.
        settings: The options.
        observer: Told of what would not be published, and why.

    Raises:
        UsageError: One complete AIR is given for several paths.
    """
    require_an_air_each(settings, len(paths))
    told = observer or Silent()
    with tempfile.TemporaryDirectory(prefix="rw-hooks-") as spool:
        for path in paths:
            yield from _explained(path, settings, told, Path(spool))


def _explained(path: Path, settings: Settings, observer: Observer, spool: Path) -> Iterator[Publication]:
    try:
        with os_errors_reported():
            entries = selected(path, settings, observer, spool)
    except RwHooksError as error:
        yield not_enrolled(str(path), error)
        return
    for entry in entries:
        try:
            require_printable(str(entry.path))
            with os_errors_reported():
                publication = _explain_file(entry)
            yield publication
        except RwHooksError as error:
            yield not_enrolled(str(entry.path), error)


def _explain_file(entry: Selected) -> Publication:
    settings = entry.settings
    inspection = replace(inspect(entry.held), path=str(entry.path))
    air, air_from = _expected_air(settings, inspection.sha256 or "", entry.path.absolute())
    facts = facts_for(entry.path, settings, entry.facts)
    described = without_secrets(describe(inspection, facts, settings, air=air, air_source=air_from))
    error: RwHooksError | None = None
    try:
        require_publishable(inspection)
        described.require_complete()
    except RwHooksError as stopped:
        error = stopped
    record = error_record(error) if error else None
    exit_code = record.pop("exit_code") if record else 0
    return Publication(
        status="described",
        air=air,
        sha256=inspection.sha256,
        host=without_secret(settings.text("host")),
        path=str(entry.path),
        size=inspection.size,
        model={**described.fields, "air": air},
        sources=described.sources,
        suggestions=dict(described.suggestions),
        findings=(*inspection.findings, *described.findings),
        error=record,
        exit_code=exit_code,
    )


def _expected_air(settings: Settings, sha256: str, path: Path) -> tuple[str | None, str]:
    """Return the AIR that publishing this file now would use, and its source; None if it cannot be known."""
    asked, deadline = settings.text("air") or "", Deadline.after(_PATIENCE_SECONDS)
    if asked and AirRequest.parse(asked).is_complete:
        return asked, air_source(settings)
    if settings.api_key is None:
        return None, NOT_RESOLVED
    try:
        endpoint = endpoint_of(settings)
        key = Key(sha256, asked, endpoint.rest_url, endpoint.fingerprint)
        with open_engine(settings, read_only=True) as engine, Clients() as clients:
            services = Services(settings, engine.store, clients)
            air = resolve_air(services, key, path, deadline=deadline, reserve=None)
    except RwHooksError:
        return None, NOT_RESOLVED
    return air, air_source(settings)
