"""The store of one machine: SQLite, written before and after every request to a remote.

It uses a write-ahead log (on a network file system a rollback journal) and a busy time-out of 30 seconds. Every change
is one ``BEGIN IMMEDIATE`` transaction. Durable changes are synced to the disk; other changes survive a kill, and are
synced with the next durable change. Only its owner can read the file. Secret URLs that the user gave are in a table of
their own, and are deleted when the publication ends. :mod:`rw_hooks.engines.local.sqlite_file` opens and migrates the
file, and renames a damaged one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rw_hooks.engines.local.sqlite_file import open_database, open_to_look, reporting, require_known
from rw_hooks.publication.model import StageName, Status
from rw_hooks.publication.policy import next_air
from rw_hooks.publication.store import Change, Enrolment, Key, Result, Row
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.named_locks import held

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SqliteStore"]

_COLUMNS = (
    "SELECT id, sha256, asked_air, endpoint, account, path, held, status, air, live, asked, options, facts, error,"
    " expires_at, machine, created_at, updated_at FROM publications "
)
_FORGET_WHAT_IS_OVER = (
    "DELETE FROM secrets WHERE EXISTS (SELECT 1 FROM publications WHERE id = secrets.publication AND NOT asked"
    " AND status IN ('ready', 'cancelled', 'superseded'))"
)


class SqliteStore:
    """The store of one state folder; a :class:`~rw_hooks.publication.store.Store`.

    Args:
        home: The state folder; it is created if it does not exist.
        database: The database, if it is open already; it is closed with this store.

    Raises:
        JournalError: It cannot be opened, or a newer version of rw-hooks wrote it.
    """

    def __init__(self, home: Path, database: sqlite3.Connection | None = None) -> None:
        self.path = home / "journal.sqlite3"
        self._home = home
        self._lock = threading.RLock()
        self._database = open_database(self.path) if database is None else database

    @classmethod
    def to_look(cls, home: Path) -> Self:
        """Return the store for reading only, without writing to disk; an empty one if there is no store."""
        return cls(home, open_to_look(home / "journal.sqlite3"))

    def close(self) -> None:
        """Close the file."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock(self, name: str, deadline: Deadline) -> AbstractContextManager[None]:
        """Hold the lock of this name while the block runs."""
        return held(self._home, name, deadline)

    # -- publications

    def enroll(self, enrolment: Enrolment) -> Row:
        """Return the publication of this key; create it if there is none."""
        with self._change("enroll") as database:
            same_name = self._row(enrolment.id)
            found = self._find(enrolment.key) if enrolment.key.sha256 else same_name
            identity = found.id if found else uuid.uuid4().hex[:12] if same_name else enrolment.id
            (_renew if found else _insert)(database, identity, enrolment)
            forgotten = _write(database, identity, enrolment.change)
            row = self.get(identity)
        if forgotten:
            self._empty_log()
        return row

    def get(self, identity: str) -> Row:
        """Return the publication of this id."""
        row = self._row(identity)
        if row is None:
            raise KeyError(identity)
        return row

    def rows(self) -> list[Row]:
        """Return all publications, oldest first."""
        return self._rows("ORDER BY created_at, rowid", ())

    def find(self, key: Key) -> Row | None:
        """Return the publication of this key, or None."""
        with self._lock:
            return self._find(key)

    def holders(self, endpoint: str, air: str) -> list[Row]:
        """Return the publications that were given this AIR at this endpoint, oldest first."""
        return self._rows("WHERE endpoint = ? AND air = ? ORDER BY created_at, rowid", (endpoint, air))

    def airs(self, endpoint: str, prefix: str) -> list[str]:
        """Return all AIRs given to publications at this endpoint that begin with ``source:id@``."""
        query = "SELECT air FROM publications WHERE endpoint = ? AND substr(air, 1, ?) = ?"
        return [air for (air,) in self._read(query, (endpoint, len(prefix), prefix))]

    def apply(self, identity: str, change: Change, *, durable: bool = True) -> Row:
        """Apply one change, and return the publication after it."""
        forgotten = 0
        with self._change(_point(change), durable=durable) as database:
            if change.only_from is None or self.get(identity).status in change.only_from:
                forgotten = _write(database, identity, change)
            row = self.get(identity)
        if forgotten:
            self._empty_log()
        return row

    def allocate_air(self, identity: str, prefix: str, *, listed: Collection[str], remembered: str | None) -> str:
        """Return the AIR of this publication; give it one if it has none. The description, which follows, syncs it."""
        with self._change("air", durable=False) as database:
            row = self.get(identity)
            if row.air is not None:
                return row.air
            given_out = self.airs(row.key.endpoint, prefix)
            air = next_air(prefix, given_out=given_out, listed=listed, remembered=remembered)
            database.execute("UPDATE publications SET air = ?, updated_at = ? WHERE id = ?", (air, _now(), identity))
            return air

    def results(self, identity: str) -> dict[StageName, Result]:
        """Return what the stages have produced so far."""
        query = "SELECT stage, value, seconds FROM results WHERE publication = ?"
        found = self._read(query, (identity,))
        return {stage: Result(json.loads(value), seconds) for stage, value, seconds in found}

    # -- what was sent to Runware

    def submission(self, identity: str) -> dict[str, Any] | None:
        """Return what is stored of the current submission, or None."""
        query = "SELECT value FROM submissions WHERE publication = ?"
        found = self._read(query, (identity,))
        return json.loads(found[0][0]) if found else None

    def save_submission(self, identity: str, value: Mapping[str, Any], *, durable: bool) -> None:
        """Store what will be sent, or what the platform reported since."""
        with self._change("submission", durable=durable) as database:
            database.execute(
                "INSERT INTO submissions (publication, value) VALUES (?, ?)"
                " ON CONFLICT (publication) DO UPDATE SET value = excluded.value",
                (identity, json.dumps(value)),
            )

    def secrets(self, identity: str) -> dict[str, str]:
        """Return the stored secret URLs by option."""
        return dict(self._read("SELECT name, value FROM secrets WHERE publication = ?", (identity,)))

    # -- accounts

    def remember_account(self, endpoint: str, account: str, organization: str | None, air_source: str | None) -> None:
        """Store the account of a key. It can be asked for again, so it is not synced."""
        query = "SELECT organization, air_source FROM accounts WHERE endpoint = ? AND account = ?"
        if [(organization, air_source)] == self._read(query, (endpoint, account)):
            return
        with self._change("account", durable=False) as database:
            database.execute(
                "INSERT INTO accounts (endpoint, account, organization, air_source) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (endpoint, account) DO UPDATE SET"
                " organization = coalesce(excluded.organization, organization),"
                " air_source = coalesce(excluded.air_source, air_source)",
                (endpoint, account, organization, air_source),
            )

    def same_account(self, endpoint: str, account: str) -> set[str]:
        """Return the fingerprints of all keys known to be of this key's organisation, its own included."""
        query = (
            "SELECT other.account FROM accounts AS mine JOIN accounts AS other"
            " ON other.endpoint = mine.endpoint AND other.organization = mine.organization"
            " WHERE mine.endpoint = ? AND mine.account = ?"
        )
        return {account, *(other for (other,) in self._read(query, (endpoint, account)))}

    def _find(self, key: Key) -> Row | None:
        if not key.sha256:
            return None
        accounts = self.same_account(key.endpoint, key.account)
        same = self._rows(
            "WHERE sha256 = ? AND asked_air = ? AND endpoint = ? ORDER BY created_at, rowid",
            (key.sha256, key.asked_air, key.endpoint),
        )
        ours = [row for row in same if row.key.account in accounts]
        return next((row for row in ours if row.key == key), ours[0] if ours else None)

    def _row(self, identity: str) -> Row | None:
        rows = self._rows("WHERE id = ?", (identity,))
        return rows[0] if rows else None

    def _rows(self, clause: str, values: Sequence[object]) -> list[Row]:
        return [_row_of(*found) for found in self._read(_COLUMNS + clause, values)]

    def _read(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._lock, reporting(self.path):
            require_known(self._database, self.path)
            return self._database.execute(query, values).fetchall()

    def _empty_log(self) -> None:
        """Write the write-ahead log into the file and empty it, because the log still contains what was deleted.

        If another process is reading now, the last process that closes the file does this.
        """
        with self._lock, suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _change(self, point: str, *, durable: bool = True) -> Generator[sqlite3.Connection]:
        with self._lock, reporting(self.path):
            reach(f"journal.{point}.before")
            self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                require_known(self._database, self.path)
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:  # raised again; an open transaction would keep all writers out
                with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                    self._database.execute("ROLLBACK")
                raise
            reach(f"journal.{point}.after")


def _insert(database: sqlite3.Connection, identity: str, enrolment: Enrolment) -> None:
    key, now = enrolment.key, _now()
    database.execute(
        "INSERT INTO publications (id, sha256, asked_air, endpoint, account, path, held, status, asked, options, facts,"
        " machine, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', 1, ?, ?, ?, ?, ?)",
        (identity, key.sha256 or None, key.asked_air, key.endpoint, key.account, enrolment.path, enrolment.held,
         json.dumps(enrolment.options), json.dumps(enrolment.facts), enrolment.machine, now, now),
    )  # fmt: skip


def _renew(database: sqlite3.Connection, identity: str, enrolment: Enrolment) -> None:
    database.execute(
        "UPDATE publications SET path = ?, held = ?, options = ?, facts = ?, machine = ?, asked = asked + 1,"
        " updated_at = ? WHERE id = ?",
        (enrolment.path, enrolment.held, json.dumps(enrolment.options), json.dumps(enrolment.facts), enrolment.machine,
         _now(), identity),
    )  # fmt: skip


def _write(database: sqlite3.Connection, identity: str, change: Change) -> int:
    """Store a change, and return how many secrets it deleted."""
    at = _now()
    if change.air is not None:
        database.execute("UPDATE publications SET air = ? WHERE id = ?", (change.air, identity))
    if change.begun:
        database.execute("UPDATE publications SET asked = max(0, asked - ?) WHERE id = ?", (change.begun, identity))
    if change.expires_at is not None:
        database.execute("UPDATE publications SET expires_at = ? WHERE id = ?", (change.expires_at, identity))
    database.executemany(
        "DELETE FROM results WHERE publication = ? AND stage = ?", [(identity, stage) for stage in change.forget]
    )
    database.executemany(
        "INSERT INTO results (publication, stage, value, seconds, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (publication, stage) DO UPDATE SET value = excluded.value,"
        " seconds = excluded.seconds, at = excluded.at",
        [(identity, stage, json.dumps(result.value), result.seconds, at) for stage, result in change.results.items()],
    )
    database.executemany(
        "INSERT INTO secrets (publication, name, value) VALUES (?, ?, ?)"
        " ON CONFLICT (publication, name) DO UPDATE SET value = excluded.value",
        [(identity, name, value) for name, value in change.secrets.items()],
    )
    if change.forget_submission:
        database.execute("DELETE FROM submissions WHERE publication = ?", (identity,))
    database.execute("UPDATE publications SET updated_at = ? WHERE id = ?", (at, identity))
    if change.status is not None:
        _write_status(database, identity, change, at)
    return database.execute(_FORGET_WHAT_IS_OVER).rowcount


def _write_status(database: sqlite3.Connection, identity: str, change: Change, at: str) -> None:
    error = None if change.error is None else json.dumps(change.error)
    database.execute(
        "UPDATE publications SET status = ?, live = CASE ? WHEN 'ready' THEN 1 ELSE live END, error = ? WHERE id = ?",
        (change.status, change.status, error, identity),
    )
    if change.status == "ready":
        database.execute(
            "UPDATE publications SET status = 'superseded', live = 0, updated_at = ? WHERE id != ? AND live"
            " AND (endpoint, air) = (SELECT endpoint, air FROM publications WHERE id = ?)",
            (at, identity, identity),
        )
    if change.status in {"ready", "cancelled"}:
        database.execute("DELETE FROM submissions WHERE publication = ?", (identity,))


def _row_of(  # noqa: PLR0913, PLR0917 - the columns, in their order
    identity: str, sha256: str | None, asked_air: str, endpoint: str, account: str, path: str, held: str,
    status: Status, air: str | None, live: int, asked: int, options: str, facts: str, error: str | None,
    expires_at: str | None, machine: str, created_at: str, updated_at: str,
) -> Row:  # fmt: skip
    return Row(
        id=identity, key=Key(sha256 or "", asked_air, endpoint, account), path=path, held=held, status=status, air=air,
        live=bool(live), asked=asked, options=json.loads(options), facts=json.loads(facts),
        error=None if error is None else json.loads(error), expires_at=expires_at, machine=machine,
        created_at=created_at, updated_at=updated_at,
    )  # fmt: skip


def _point(change: Change) -> str:
    """Return the name of a change for the points at which a test may kill the process."""
    if change.results and change.status != "pending":
        return f"{next(iter(change.results))}.record"
    if change.status is None:
        return "air" if change.air is not None else "begin"
    return "begin" if change.begun or change.expires_at is not None else "end"


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
