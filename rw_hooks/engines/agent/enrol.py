"""From a queue item to an enrolled publication: the file is inspected, and its key decides which publication it is."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path

from rw_hooks.artifact import Inspection, strip_metadata
from rw_hooks.errors import RwHooksError
from rw_hooks.publication import policy
from rw_hooks.publication.model import Status
from rw_hooks.publication.option_codec import secret_options, without_secret_options
from rw_hooks.publication.report import error_record
from rw_hooks.publication.services import Services, endpoint_of
from rw_hooks.publication.stages.describe import ARGV
from rw_hooks.publication.stages.inspect import inspect_bytes
from rw_hooks.publication.store import Change, Enrolment, Key, Row, Store
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
from rw_hooks.support.atomic_file import renamed_when_whole
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.text import printable, require_printable

__all__ = ["enrol", "enrol_unread", "enrolling"]

_NO_KEYS: tuple[str, ...] = ()
_ENROL_SECONDS = 60.0


def enrol(services: Services, item: QueueItem) -> Row:
    """Inspect the item's file and write its publication into the store.

    A file that must not be published is failed there.

    Args:
        services: The services for the settings of this item.
        item: The item.

    Returns:
        The publication. The same bytes with the same request are the same publication, whatever its status.

    Raises:
        ArtifactError: The file cannot be read at all, or it changed while it was read.
        UsageError: There is no such file.
    """
    require_printable(item.path)
    services.observer.stage("inspect")
    started = time.monotonic()
    held, inspection = _read(services, item)
    seconds = time.monotonic() - started
    assert inspection.sha256 is not None  # noqa: S101 - a whole inspection always has it
    given: float | None = services.settings.value("timeout", None)
    expires = Deadline.after(policy.seconds_allowed(inspection.category, given))
    change = policy.enrolled(inspection, seconds, secret_options(item.options), expires.utc)
    key = _key(services, inspection.sha256)
    with enrolling(services.store, inspection.sha256):
        kept = _kept(services.store.find(key), held)
        row = services.store.enroll(_enrolment(services, item, key, str(kept), change))
        if kept != held:
            release(held)  # not before: a process that is killed here finds it again
    return row


def enrolling(store: Store, sha256: str) -> AbstractContextManager[None]:
    """Keep all others from enrolling these bytes while the block runs.

    Raises:
        UnreachableError: Another process is at it for too long.
    """
    return store.lock(f"enroll {sha256}", Deadline.after(_ENROL_SECONDS))


def enrol_unread(services: Services, item: QueueItem, status: Status, error: RwHooksError | None = None) -> Row:
    """Write an item whose file was not read into the store: it was superseded before, or cannot be read."""
    record = error_record(error) if error else None
    change = Change(status=status, error=record, begun=1)
    return services.store.enroll(_enrolment(services, item, _key(services, ""), printable(item.path), change))


def _key(services: Services, sha256: str) -> Key:
    endpoint = endpoint_of(services.settings)
    return Key(sha256, services.settings.text("air") or "", endpoint.rest_url, endpoint.fingerprint)


def _enrolment(services: Services, item: QueueItem, key: Key, held: str, change: Change) -> Enrolment:
    return Enrolment(
        id=item.id,
        key=key,
        path=printable(item.path),
        held=held,
        machine=services.settings.machine,
        options=without_secret_options(item.options),
        facts={**item.facts, ARGV: item.argv},
        change=change,
    )


def _read(services: Services, item: QueueItem) -> tuple[Path, Inspection]:
    """Inspect the item's file, and return where its bytes are kept from now on.

    A link that a hook made becomes a private copy in the same pass that inspects the file.
    """
    own, placed = _own_copy(services, item), Path(item.path)
    if own is not None and not own.exists():
        return own, _read_into(services, item, own)
    source = own or source_of(item)
    require_as_handed_over(item)
    inspection = inspect_bytes(source, placed, services.observer)
    require_as_handed_over(item)
    return source, inspection


def _read_into(services: Services, item: QueueItem, own: Path) -> Inspection:
    keys, placed = services.settings.value("strip_metadata", _NO_KEYS), Path(item.path)
    partial = own.with_name(f".{own.name}.partial")
    require_as_handed_over(item)
    with renamed_when_whole(partial, own):
        if keys:
            strip_metadata(source_of(item), partial, "private" if keys == ("private",) else keys)
            inspection = inspect_bytes(partial, placed, services.observer)
        else:
            inspection = inspect_bytes(source_of(item), placed, services.observer, copy_to=partial)
        require_as_handed_over(item)
    release_item(item, but=own)
    return inspection


def _own_copy(services: Services, item: QueueItem) -> Path | None:
    """Return where the private copy belongs; None if the file is published from its own place."""
    if services.settings.value("strip_metadata", _NO_KEYS):
        return private_folder(services.settings.home / "spool") / f"{item.id}{COPY}"
    copy = copy_of(item)
    return copy if copy is not None and (copy.exists() or has_room(copy, item.size)) else None


def _kept(known: Row | None, held: Path) -> Path:
    """Return the copy to keep: of two with the same bytes the older one, which another process may be reading."""
    older = Path(known.held) if known else held
    return older if is_copy(older) and older.exists() else held
