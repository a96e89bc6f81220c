"""What a worker and ``rw-hooks resume`` do alike with the inbox: look, take one at a time, and tell who waits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rw_hooks.api.publish import work_off
from rw_hooks.engines.local.due import Sorted, sort_out
from rw_hooks.engines.local.enrol import take_unread
from rw_hooks.publication.model import Publication
from rw_hooks.publication.services import Services
from rw_hooks.queue import status
from rw_hooks.queue.inbox import NewerSchemaError, QueueItem, remove, waiting
from rw_hooks.queue.runs import forget, is_over, known
from rw_hooks.queue.snapshot import release_item
from rw_hooks.queue.status import JobStatus
from rw_hooks.support.named_locks import hand_over_held

__all__ = ["Found", "forget_runs", "handle", "look", "report", "supersede"]


@dataclass
class Found:
    """What lies in the inbox for somebody.

    Attributes:
        sorted: What is to be done with it.
        files: The inbox's files, by hand-over.
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


def handle(context: Services, item: QueueItem, file: Path) -> Publication | None:
    """Take a hand-over as far as it goes; None where somebody else has just done so."""
    with hand_over_held(context.home, item.id):
        if not file.exists():
            return None
        status.write(context.home, item.id, JobStatus("pending", item.path, doing="inspect"))
        return work_off(context, item, file, partial(_taken, context.home, item))


def supersede(context: Services, item: QueueItem, file: Path) -> None:
    """Write down that a hand-over is not published because a better one came, and let go of its bytes."""
    row = take_unread(context, item, "superseded")
    status.write(context.home, item.id, JobStatus("superseded", item.path, publication=row.id))
    release_item(item)
    remove(file)


def report(home: Path, item: QueueItem | str, publication: Publication, *, doing: str = "") -> None:
    """Tell a hook that may be waiting how its hand-over stands."""
    error = publication.error or {}
    status.write(
        home,
        item if isinstance(item, str) else item.id,
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


def _taken(home: Path, item: QueueItem, identity: str) -> None:
    status.write(home, item.id, JobStatus("pending", item.path, publication=identity, doing="describe"))
