"""From a hand-over to a publication in the journal: the file is inspected, and its key decides which one it is."""

from __future__ import annotations

import time
from pathlib import Path

from rw_hooks.artifact import inspect, require_publishable, strip_metadata
from rw_hooks.artifact.model import Inspection
from rw_hooks.errors import ArtifactError, RefusedError, RwHooksError
from rw_hooks.home import private_folder
from rw_hooks.publish.context import Context, endpoint_of
from rw_hooks.publish.describing import describe_row
from rw_hooks.publish.given import secret_options, without_secret_options
from rw_hooks.publish.holding import COPY, copy_of, has_room, require_as_handed_over
from rw_hooks.publish.inbox import HandOver
from rw_hooks.publish.journal import Key, Row
from rw_hooks.publish.outcome import error_record
from rw_hooks.publish.publication import Stage, Status
from rw_hooks.publish.stages import Registered, inspection_of
from rw_hooks.redact import redact_url

__all__ = ["UNREAD", "is_bad_artifact", "renew", "retry", "take", "take_unread"]

UNREAD = "unread:"
"""Stands in for the sha256 of a hand-over that was never read."""

_CALL_ONLY = {"webhookURL", "deliveryMethod"}
_DONE_ONCE: tuple[Stage, ...] = ("host", "preflight", "register")


def take(context: Context, item: HandOver) -> Row:
    """Inspect what was handed over and write it into the journal; a bad artifact ends there as failed.

    Args:
        context: For the settings of this hand-over.
        item: The hand-over.

    Returns:
        The publication. The same bytes asked for in the same way are the same publication, whatever its state.

    Raises:
        ArtifactError: The file cannot be read as a file at all, or changed while it was read.
        UsageError: There is no such file.
    """
    context.watcher.start(item.path)
    context.watcher.stage("inspect")
    started = time.monotonic()
    held, inspection = _read(context, item)
    seconds = time.monotonic() - started
    row = _enroll(context, item, held, inspection)
    context.journal.record(row.id, "inspect", inspection.model_dump(mode="json"), seconds)
    try:
        require_publishable(inspection)
    except ArtifactError as error:
        error.stage = "inspect"
        context.journal.end(row.id, "failed", error_record(error))
    return context.journal.row(row.id)


def renew(context: Context, identity: str) -> None:
    """Decide what is to be done for a publication that may have been begun, or finished, before.

    One that is ready is reopened only where its description now differs, and then for its metadata alone. The caller
    holds the publication's lock.

    Raises:
        RefusedError: The category or type of a ready model would change.
    """
    row, results = context.journal.row(identity), context.journal.results(identity)
    if _is_bad(inspection_of(results)):
        return
    if row.status == "ready" and "register" in results:
        _renew_ready(context, row, inspection_of(results), Registered.model_validate(results["register"].value))
        return
    moved = "host" in results and _host_differs(context, results["host"].value["host"])
    context.journal.reopen(identity, "describe", keep=() if moved or row.status == "superseded" else _DONE_ONCE)


def _is_bad(inspection: Inspection) -> bool:
    try:
        require_publishable(inspection)
    except ArtifactError:
        return True
    return False


def retry(context: Context, identity: str) -> None:
    """Make a publication that failed pending again; the caller holds its lock."""
    row = context.journal.row(identity)
    if row.status == "failed" and not is_bad_artifact(row):
        context.journal.reopen(identity, "describe", keep=_DONE_ONCE)


def is_bad_artifact(row: Row) -> bool:
    """Whether the publication failed for what the file is, so that trying again is of no use."""
    return row.status == "failed" and row.error is not None and row.error.get("exit_code") == ArtifactError.exit_code


def take_unread(context: Context, item: HandOver, status: Status, error: RwHooksError | None = None) -> Row:
    """Write a hand-over into the journal that was not read: superseded before its turn, or impossible to read."""
    endpoint = endpoint_of(context.settings)
    key = Key(UNREAD + item.id, context.settings.text("air") or "", endpoint.rest_url, endpoint.fingerprint)
    row = context.journal.enroll(key, path=item.path, held=item.path, options={}, facts={})
    context.journal.end(row.id, status, error_record(error) if error else None)
    return context.journal.row(row.id)


def _read(context: Context, item: HandOver) -> tuple[Path, Inspection]:
    """Inspect what was handed over, and return it with where its bytes are kept from now on.

    The link of a hook becomes a private copy by the very reading that inspects it.
    """
    keys = context.settings.value("strip_metadata", ())
    copy = copy_of(item)
    source = copy if copy is not None and copy.exists() else Path(item.held)
    if source != copy:
        require_as_handed_over(item)
    if keys:
        copy = private_folder(context.home / "spool") / f"{item.id}{COPY}"
        strip_metadata(source, copy, "private" if keys == ("private",) else keys)
        inspection = _inspect(context, item, copy)
    elif source == copy or copy is None or not has_room(copy, item.size):
        copy, inspection = source, _inspect(context, item, source)
    else:
        partial = copy.with_name(f".{copy.name}.partial")
        inspection = _inspect(context, item, source, copy_to=partial)
        partial.replace(copy)
    if source == Path(item.held):
        require_as_handed_over(item)
    return copy, inspection


def _inspect(context: Context, item: HandOver, path: Path, copy_to: Path | None = None) -> Inspection:
    placed = Path(item.path)
    inspection = inspect(path, progress=context.watcher.moved, copy_to=copy_to, placed=placed)
    return inspection.model_copy(update={"path": item.path})


def _enroll(context: Context, item: HandOver, held: Path, inspection: Inspection) -> Row:
    endpoint = endpoint_of(context.settings)
    assert inspection.sha256 is not None  # noqa: S101 - a whole inspection always has it
    key = Key(inspection.sha256, context.settings.text("air") or "", endpoint.rest_url, endpoint.fingerprint)
    row = context.journal.enroll(
        key,
        path=item.path,
        held=str(held),
        options=without_secret_options(item.options),
        facts={**item.facts, "argv": item.argv},
    )
    secrets = secret_options(item.options)
    if secrets:
        context.journal.keep_secrets(row.id, secrets)
    return row


def _renew_ready(context: Context, row: Row, inspection: Inspection, registered: Registered) -> None:
    described = describe_row(context, row, inspection, air=row.air)
    then, now = registered.fields, described.fields
    differing = {name for name in {*then, *now} - _CALL_ONLY - {"air"} if then.get(name) != now.get(name)}
    if not differing or described.missing:
        return
    for name in ("category", "type"):
        if name in differing:
            raise RefusedError(
                f"{name}_change",
                f"{row.air} is a {then.get(name)}; its {name} cannot be changed to {now.get(name)}",
                hint=f"publish under another AIR, or leave --{name} as it was; nothing was sent",
                stage="describe",
            )
    context.watcher.note("the description differs: updating the metadata only (" + ", ".join(sorted(differing)) + ")")
    context.journal.reopen(row.id, "describe", keep=("host", "preflight"))


def _host_differs(context: Context, hosted: str) -> bool:
    given = context.settings.text("host")
    return given is not None and _place(given) != _place(hosted)


def _place(host: str) -> str:
    return redact_url(host).rstrip("/")
