"""From a hand-over to a publication in the journal: the file is inspected, and its key decides which one it is."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from rw_hooks.artifact import inspect, require_publishable, strip_metadata
from rw_hooks.artifact.model import Inspection
from rw_hooks.describe import Description
from rw_hooks.errors import ArtifactError, RefusedError, RwHooksError, UsageError
from rw_hooks.publication.model import Stage, Status
from rw_hooks.publication.option_codec import secret_options, without_secret_options
from rw_hooks.publication.report import error_record
from rw_hooks.publication.services import Services, endpoint_of
from rw_hooks.publication.stages.describe import describe_row
from rw_hooks.publication.stages.preview_image import with_known_hero
from rw_hooks.publication.stages.run import Registered, inspection_of
from rw_hooks.publication.store import UNREAD, Key, Row
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.queue.snapshot import (
    COPY,
    copy_of,
    has_room,
    is_copy,
    release,
    release_item,
    require_as_handed_over,
    source_of,
)
from rw_hooks.support import named_locks
from rw_hooks.support.atomic_file import renamed_when_whole
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.redact import redact_url
from rw_hooks.support.text import printable

__all__ = ["is_bad_artifact", "renew", "require_readable", "retry", "take", "take_unread"]

_NO_KEYS: tuple[str, ...] = ()
_ENROLL_SECONDS = 60.0
_CALL_ONLY = {"webhookURL", "deliveryMethod"}
_DONE_ONCE: tuple[Stage, ...] = ("host", "preflight", "register")


def take(context: Services, item: QueueItem) -> Row:
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
    require_readable(item.path)
    context.observer.start(item.path)
    context.observer.stage("inspect")
    started = time.monotonic()
    held, inspection = _read(context, item)
    seconds = time.monotonic() - started
    row = _enroll(context, item, held, inspection)
    context.journal.record(row.id, "inspect", inspection.as_json(), seconds)
    try:
        require_publishable(inspection)
    except ArtifactError as error:
        error.stage = "inspect"
        context.journal.end(row.id, "failed", error_record(error))
    return context.journal.row(row.id)


def require_readable(path: str) -> None:
    """Stop where the file's name is not UTF-8: neither journal nor URL nor request could hold it.

    Raises:
        UsageError: It is not.
    """
    if printable(path) != path:
        raise UsageError(
            "name_not_utf8",
            f"the name of {printable(path)} is not UTF-8",
            hint="rename the file, and publish it again",
            stage="inspect",
        )  # fmt: skip


def renew(context: Services, identity: str) -> None:
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
        earlier = Description.model_validate(results["describe"].value)
        described = with_known_hero(describe_row(context, row, inspection_of(results), air=row.air), earlier)
        _renew_ready(context, row, described, Registered.model_validate(results["register"].value))
        return
    moved = "host" in results and _host_differs(context, results["host"].value["host"])
    context.journal.reopen(identity, "describe", keep=() if moved or row.status == "superseded" else _DONE_ONCE)


def _is_bad(inspection: Inspection) -> bool:
    try:
        require_publishable(inspection)
    except ArtifactError:
        return True
    return False


def retry(context: Services, identity: str) -> None:
    """Make a publication that failed pending again; the caller holds its lock."""
    row = context.journal.row(identity)
    if row.status == "failed" and not is_bad_artifact(row):
        context.journal.reopen(identity, "describe", keep=_DONE_ONCE)


def is_bad_artifact(row: Row) -> bool:
    """Whether the publication failed for what the file is, or before it was read: trying again is of no use."""
    if row.status != "failed" or row.error is None:
        return False
    return row.key.sha256.startswith(UNREAD) or row.error.get("exit_code") == ArtifactError.exit_code


def take_unread(context: Services, item: QueueItem, status: Status, error: RwHooksError | None = None) -> Row:
    """Write a hand-over into the journal that was not read: superseded before its turn, or impossible to read."""
    endpoint = endpoint_of(context.settings)
    key = Key(UNREAD + item.id, context.settings.text("air") or "", endpoint.rest_url, endpoint.fingerprint)
    path = printable(item.path)
    row = context.journal.enroll(key, path=path, held=path, options={}, facts={})
    context.journal.end(row.id, status, error_record(error) if error else None)
    return context.journal.row(row.id)


def _read(context: Services, item: QueueItem) -> tuple[Path, Inspection]:
    """Inspect what was handed over, and return where its bytes are kept from now on.

    The link of a hook becomes a private copy by the very reading that inspects it.
    """
    own = _own_copy(context, item)
    if own is not None and not own.exists():
        return own, _read_into(context, item, own)
    source = own or source_of(item)
    require_as_handed_over(item)
    inspection = _inspect(context, item, source)
    require_as_handed_over(item)
    return source, inspection


def _read_into(context: Services, item: QueueItem, own: Path) -> Inspection:
    keys = context.settings.value("strip_metadata", _NO_KEYS)
    partial = own.with_name(f".{own.name}.partial")
    require_as_handed_over(item)
    with renamed_when_whole(partial, own):
        if keys:
            strip_metadata(source_of(item), partial, "private" if keys == ("private",) else keys)
        inspection = _inspect(context, item, partial if keys else source_of(item), copy_to=None if keys else partial)
        require_as_handed_over(item)
    release_item(item, but=own)
    return inspection


def _own_copy(context: Services, item: QueueItem) -> Path | None:
    """Return where a copy of our own belongs; None where the file is published from where it lies."""
    if context.settings.value("strip_metadata", _NO_KEYS):
        return private_folder(context.home / "spool") / f"{item.id}{COPY}"
    copy = copy_of(item)
    return copy if copy is not None and (copy.exists() or has_room(copy, item.size)) else None


def _inspect(context: Services, item: QueueItem, path: Path, copy_to: Path | None = None) -> Inspection:
    placed = Path(item.path)
    inspection = inspect(path, progress=context.observer.moved, copy_to=copy_to, placed=placed)
    return replace(inspection, path=item.path)


def _enroll(context: Services, item: QueueItem, held: Path, inspection: Inspection) -> Row:
    endpoint = endpoint_of(context.settings)
    assert inspection.sha256 is not None  # noqa: S101 - a whole inspection always has it
    key = Key(inspection.sha256, context.settings.text("air") or "", endpoint.rest_url, endpoint.fingerprint)
    with named_locks.held(context.home, f"enroll {inspection.sha256}", Deadline.after(_ENROLL_SECONDS)):
        row = context.journal.enroll(
            key,
            path=item.path,
            held=str(_kept(context.journal.find(key), held)),
            options=without_secret_options(item.options),
            facts={**item.facts, "argv": item.argv},
        )
    secrets = secret_options(item.options)
    if secrets:
        context.journal.keep_secrets(row.id, secrets)
    return row


def _kept(known: Row | None, held: Path) -> Path:
    """Return the copy that is kept: of the same bytes the older one, which somebody may be reading just now."""
    older = Path(known.held) if known else held
    if older == held or not is_copy(older) or not older.exists():
        return held
    release(held)
    return older


def _renew_ready(context: Services, row: Row, described: Description, registered: Registered) -> None:
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
    context.observer.note("the description differs: updating the metadata only (" + ", ".join(sorted(differing)) + ")")
    context.journal.reopen(row.id, "describe", keep=("host", "preflight"))


def _host_differs(context: Services, hosted: str) -> bool:
    given = context.settings.text("host")
    return given is not None and _place(given) != _place(hosted)


def _place(host: str) -> str:
    return redact_url(host).rstrip("/")
