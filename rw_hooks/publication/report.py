"""A publication as it is shown, drawn from what the journal has of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rw_hooks.describe import Description
from rw_hooks.engines.local.sqlite_store import Journal
from rw_hooks.errors import EXIT_BUG, EXIT_DONE, RwHooksError
from rw_hooks.publication.model import Publication, Stage
from rw_hooks.publication.stages.run import Registered, inspection_of
from rw_hooks.publication.store import UNREAD, Result, Row
from rw_hooks.support.redact import redact, redact_url
from rw_hooks.support.text import printable

__all__ = ["error_record", "failed_before_journal", "shown"]


def shown(journal: Journal, identity: str, changed: Literal["registered", "updated", "nothing"]) -> Publication:
    """Return the publication of this id as it stands."""
    row, results = journal.row(identity), journal.results(identity)
    described = Description.model_validate(results["describe"].value) if "describe" in results else None
    registered = Registered.model_validate(results["register"].value) if "register" in results else None
    location = results["host"].value if "host" in results else {}
    error = dict(row.error) if row.error else None
    exit_code = int(error.pop("exit_code", EXIT_BUG)) if error else EXIT_DONE
    return Publication(
        id=row.id,
        status=row.status,
        air=row.air if registered is None else registered.air,
        sha256=None if row.key.sha256.startswith(UNREAD) else row.key.sha256,
        url=redact_url(location["url"]) if location else None,
        host=location.get("host"),
        path=row.path,
        size=results["inspect"].value["size"] if "inspect" in results else 0,
        phases=registered.phases if registered else _phases_so_far(journal, row),
        model=_model(registered, described, location),
        sources=_sources(described),
        suggestions=dict(described.suggestions) if described else {},
        findings=_findings(results, described),
        seconds={stage: round(result.seconds, 3) for stage, result in results.items()},
        changed=changed,
        error=error,
        exit_code=exit_code,
    )


def error_record(error: RwHooksError) -> dict[str, Any]:
    """Return the error as the journal keeps it."""
    record = error.as_json()
    record["message"] = redact(str(record["message"]))
    return {**record, "exit_code": error.exit_code}


def failed_before_journal(path: str, error: RwHooksError) -> Publication:
    """Return what is shown of a file that did not come into the journal."""
    record = error_record(error)
    exit_code = record.pop("exit_code")
    status: Literal["pending", "failed"] = "pending" if error.retryable else "failed"
    return Publication(status=status, path=printable(path), error=record, exit_code=exit_code)


def _model(registered: Registered | None, described: Description | None, location: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(registered.fields if registered else described.fields if described else {})
    if location:
        fields["downloadURL"] = redact_url(location["url"])
    return fields


def _sources(described: Description | None) -> dict[str, str]:
    return {**described.sources, "downloadURL": "host"} if described else {}


def _findings(results: Mapping[Stage, Result], described: Description | None) -> tuple[Any, ...]:
    found = inspection_of(results).findings if "inspect" in results else ()
    return (*found, *described.findings) if described else found


def _phases_so_far(journal: Journal, row: Row) -> tuple[dict[str, str], ...]:
    submission = journal.submission(row.id) or {}
    return tuple({"status": str(phase["status"]), "at": str(phase["at"])} for phase in submission.get("phases", ()))
