"""Making a publication, as it is shown, from what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rw_hooks.errors import EXIT_BUG, EXIT_DONE, RwHooksError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.results import Results
from rw_hooks.publication.store import Row, Store
from rw_hooks.support.redact import redact, redact_url
from rw_hooks.support.text import printable

__all__ = ["Changed", "error_record", "not_enrolled", "publication_of", "stored_publication"]

Changed = Literal["registered", "updated", "nothing"]
"""What one call changed at Runware."""


def stored_publication(store: Store, identity: str, changed: Changed = "nothing") -> Publication:
    """Return the publication of this id in its present state.

    Raises:
        KeyError: There is none.
    """
    return publication_of(store.get(identity), Results(store.results(identity)), store.submission(identity), changed)


def publication_of(
    row: Row, results: Results, submission: Mapping[str, Any] | None, changed: Changed = "nothing"
) -> Publication:
    """Return a publication as it is shown.

    Args:
        row: As the store has it.
        results: What its stages have produced.
        submission: What is stored of the current submission, or None.
        changed: What this call changed at Runware.
    """
    error = dict(row.error) if row.error else None
    exit_code = int(error.pop("exit_code", EXIT_BUG)) if error else EXIT_DONE
    return Publication(
        id=row.id,
        status=row.status,
        air=results.registered.air if "register" in results else row.air,
        sha256=row.key.sha256 or None,
        url=redact_url(results.location.url) if "host" in results else None,
        host=results.location.host if "host" in results else None,
        path=row.path,
        size=results.inspection.size if "inspect" in results else 0,
        phases=results.registered.phases if "register" in results else _phases_so_far(submission or {}),
        model=_model(results),
        sources={**results.description.sources, "downloadURL": "host"} if "describe" in results else {},
        suggestions=dict(results.description.suggestions) if "describe" in results else {},
        findings=_findings(results),
        seconds=results.seconds,
        changed=changed,
        error=error,
        exit_code=exit_code,
    )


def error_record(error: RwHooksError) -> dict[str, Any]:
    """Return the error as a store keeps it."""
    record = error.as_json()
    record["message"] = redact(str(record["message"]))
    return {**record, "exit_code": error.exit_code}


def not_enrolled(path: str, error: RwHooksError) -> Publication:
    """Return the publication to show for a file that is not in the store."""
    record = error_record(error)
    exit_code = record.pop("exit_code")
    status: Literal["pending", "failed"] = "pending" if error.retryable else "failed"
    return Publication(status=status, path=printable(path), error=record, exit_code=exit_code)


def _model(results: Results) -> dict[str, Any]:
    described = results.description.fields if "describe" in results else {}
    fields: dict[str, Any] = dict(results.registered.fields if "register" in results else described)
    if "host" in results:
        fields["downloadURL"] = redact_url(results.location.url)
    return fields


def _findings(results: Results) -> tuple[Any, ...]:
    found = results.inspection.findings if "inspect" in results else ()
    return (*found, *results.description.findings) if "describe" in results else found


def _phases_so_far(submission: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    return tuple({"status": str(phase["status"]), "at": str(phase["at"])} for phase in submission.get("phases", ()))
