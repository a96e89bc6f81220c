"""Removing what was kept for publications that are over, and repairing what killed processes left."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from rw_hooks.engines.agent.enrol import enrolling
from rw_hooks.errors import JournalError, UnreachableError
from rw_hooks.publication.policy import is_over
from rw_hooks.publication.store import Row, Store
from rw_hooks.queue import inbox
from rw_hooks.queue.snapshot import release

__all__ = ["release_if_over", "tidy_up"]

_OVER = timedelta(hours=1)


def tidy_up(store: Store, home: Path) -> None:
    """Repair what a killed process or a lost store left behind.

    Items of publications that the store no longer knows go back into the inbox. What was kept for publications that are
    over is removed after an hour, because until then another process may still be starting one of them again.
    """
    kept = list(inbox.acknowledged(home))  # before the rows: what is kept has one
    rows = {row.id: row for row in store.rows()}
    for file, publication in kept:
        with suppress(OSError):  # another time
            if publication not in rows:
                inbox.give_back(home, file)
            elif is_over(rows[publication]):
                file.unlink(missing_ok=True)
    before = (datetime.now(timezone.utc) - _OVER).isoformat(timespec="milliseconds")
    for row in rows.values():
        if row.updated_at < before and row.held != row.path and Path(row.held).exists():
            release_if_over(store, row, home)


def release_if_over(store: Store, row: Row, home: Path) -> None:
    """Remove what was kept for a publication that is over; never the file that the user named.

    A process that enrolls the same bytes at this moment may need what is kept, so this is checked again under its lock.
    """
    if not is_over(row):
        return
    with suppress(JournalError, UnreachableError), enrolling(store, row.key.sha256):  # else another time
        row = store.get(row.id)
        if is_over(row):
            _release(row, home)


def _release(row: Row, home: Path) -> None:
    inbox.forget(home, row.id)
    if row.held == row.path:
        return
    held, spool = Path(row.held), home / "spool"
    release(held)
    if spool in held.parents and held.parent != spool:
        shutil.rmtree(spool / held.relative_to(spool).parts[0], ignore_errors=True)
