"""The inbox of this machine: deciding what happens with its items, enrolling them, and telling waiting hooks."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rw_hooks.engines.agent.enrol import enrol, enrol_unread
from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.services import Services
from rw_hooks.publication.store import JournalError, Store
from rw_hooks.queue import status
from rw_hooks.queue.due import Sorted, sort_out
from rw_hooks.queue.inbox import NewerSchemaError, QueueItem, acknowledge, remove, waiting
from rw_hooks.queue.runs import forget, is_over, known
from rw_hooks.queue.snapshot import release_item
from rw_hooks.queue.status import JobStatus
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import os_errors_reported

__all__ = ["Found", "forget_runs", "item_held", "look", "report", "supersede", "take"]

_ITEM_SECONDS = 6 * 3600.0


@dataclass
class Found:
    """The inbox items for one endpoint and its keys.

    Attributes:
        sorted: What happens with each item.
        files: The inbox's files, by item.
        newer: One message for each item that a newer version of rw-hooks wrote.
        unreadable: The files that cannot be read now, and why.
    """

    sorted: Sorted = field(default_factory=Sorted)
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    newer: list[str] = field(default_factory=list[str])
    unreadable: dict[Path, OSError] = field(default_factory=dict[Path, OSError])


def look(home: Path, endpoint: str, accounts: Collection[str]) -> Found:
    """Read the items for this endpoint and these keys, and decide what happens with each."""
    found = Found()
    items: list[QueueItem] = []
    for file, item in waiting(home):
        if isinstance(item, NewerSchemaError):
            found.newer.append(str(item))
        elif isinstance(item, OSError):
            found.unreadable[file] = item
        elif item.endpoint == endpoint and item.account in accounts:
            items.append(item)
            found.files[item.id] = file
    found.sorted = sort_out(items, partial(is_over, home))
    return found


def forget_runs(home: Path, endpoint: str, accounts: Collection[str]) -> None:
    """Forget the runs that are over and have no items in the inbox."""
    found = look(home, endpoint, accounts)
    busy = {item.run for item in (*found.sorted.due, *found.sorted.superseded, *found.sorted.undecided)}
    for run in known(home):
        if run.endpoint == endpoint and run.account in accounts and run.id not in busy and is_over(home, run.id):
            forget(home, run.id)


def item_held(store: Store, identity: str, *, seconds: float = _ITEM_SECONDS) -> AbstractContextManager[None]:
    """Hold the lock of an inbox item while the block runs.

    Raises:
        UnreachableError: Another process still holds the lock after these seconds.
    """
    return store.lock(f"item {identity}", Deadline.after(seconds))


def take(
    services: Services, item: QueueItem, file: Path, *, is_own: bool = False, seconds: float = _ITEM_SECONDS
) -> str | None:
    """Enroll an item, remove it from the inbox, and return its publication; None if another process has just done this.

    Args:
        services: For the settings of this item.
        item: The item.
        file: Its place in the inbox.
        is_own: Whether this process put it there. Then it is enrolled in any case: this does no harm, and it says
            which publication it is.
        seconds: How long to wait for another process that holds the item's lock.

    Raises:
        JournalError: The store cannot be used; the item stays where it is.
        UnreachableError: This machine failed; the item stays where it is.
        RwHooksError: A command's file cannot be read. For a hook's file the error is written into the store instead,
            because nobody would see it.
    """
    home = services.settings.home
    with item_held(services.store, item.id, seconds=seconds):
        if not (is_own or file.exists()):
            return None
        try:
            with os_errors_reported():
                row = enrol(services, item)
        except (JournalError, UnreachableError):
            raise
        except RwHooksError as error:
            error.stage = error.stage or "inspect"
            return _given_up(services, item, file, error)
        if status.read(home, item.id) is not None:  # somebody may be waiting for it
            status.write(home, item.id, JobStatus("pending", item.path, publication=row.id, doing="describe"))
        acknowledge(home, file, row.id)
        return row.id


def _given_up(services: Services, item: QueueItem, file: Path, error: RwHooksError) -> str:
    if not item.run:
        remove(file)
        raise error
    row = enrol_unread(services, item, "failed", error)
    release_item(item)
    remove(file)
    return row.id


def supersede(services: Services, item: QueueItem, file: Path) -> None:
    """Record that an item is superseded by a better save, and remove what kept its bytes."""
    row = enrol_unread(services, item, "superseded")
    status.write(services.settings.home, item.id, JobStatus("superseded", item.path, publication=row.id))
    release_item(item)
    remove(file)


def report(home: Path, item: str, publication: Publication, *, doing: str = "") -> None:
    """Write the status of an item, for a hook that may be waiting."""
    error = publication.error or {}
    status.write(
        home,
        item,
        JobStatus(
            status=publication.status,
            path=publication.path,
            publication=publication.id,
            air=publication.air,
            doing=doing,
            code=str(error.get("code", "")),
            message=str(error.get("message", "")),
            hint=str(error.get("hint", "")),
            exit_code=publication.exit_code,
        ),
    )
