"""What waits in the inbox of this machine: what is to be done with it, taking one at a time, and telling who waits."""

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
    """What lies in the inbox for somebody.

    Attributes:
        sorted: What is to be done with it.
        files: The inbox's files, by item.
        newer: What was written by a newer version, in words.
        unreadable: What cannot be read just now, and why.
    """

    sorted: Sorted = field(default_factory=Sorted)
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    newer: list[str] = field(default_factory=list[str])
    unreadable: dict[Path, OSError] = field(default_factory=dict[Path, OSError])


def look(home: Path, endpoint: str, accounts: Collection[str]) -> Found:
    """Look at what waits for this endpoint and these keys, and decide what is to be done with it."""
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
    """Forget the runs that are over and have nothing in the inbox any more."""
    found = look(home, endpoint, accounts)
    busy = {item.run for item in (*found.sorted.due, *found.sorted.superseded, *found.sorted.undecided)}
    for run in known(home):
        if run.endpoint == endpoint and run.account in accounts and run.id not in busy and is_over(home, run.id):
            forget(home, run.id)


def item_held(store: Store, identity: str, *, seconds: float = _ITEM_SECONDS) -> AbstractContextManager[None]:
    """Have an item of the inbox in hand while the block runs, for as long as reading it may take.

    Raises:
        UnreachableError: Another process still has it in hand after these seconds.
    """
    return store.lock(f"item {identity}", Deadline.after(seconds))


def take(services: Services, item: QueueItem, file: Path) -> str | None:
    """Enroll an item, take it out of the inbox, and return its publication; None where somebody else has just done so.

    Raises:
        JournalError: The store cannot be used; the item stays where it is.
        UnreachableError: This machine failed; the item stays where it is.
        RwHooksError: A command's file cannot be read. What a hook handed over has failed then in the store, because
            nobody is there to hear it.
    """
    home = services.settings.home
    with item_held(services.store, item.id):
        if not file.exists():
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
    """Write down that an item is not published because a better one came, and let go of its bytes."""
    row = enrol_unread(services, item, "superseded")
    status.write(services.settings.home, item.id, JobStatus("superseded", item.path, publication=row.id))
    release_item(item)
    remove(file)


def report(home: Path, item: str, publication: Publication, *, doing: str = "") -> None:
    """Tell a hook that may be waiting how its item stands."""
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
