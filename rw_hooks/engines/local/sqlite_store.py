"""The journal: what is known of every publication, in SQLite, written before and after every outside effect.

A write-ahead log (a rollback journal on the file system of a network) with ``synchronous=FULL``, so that what was
written is there after a power loss; a busy time-out of 30 seconds; every change is one ``BEGIN IMMEDIATE`` transaction.
The file is readable by its owner alone; secret URLs that the user gave stand in a table of their own and only until the
publication ends. How it is opened, migrated and, when damaged, moved aside: :mod:`rw_hooks.engines.local.sqlite_file`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rw_hooks.engines.local.sqlite_file import open_database, open_to_look, reporting, require_known
from rw_hooks.publication.model import STAGES, Stage, Status
from rw_hooks.publication.store import Key, Result, Row
from rw_hooks.support.failpoints import reach

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Journal"]


class Journal:
    """The journal of one state folder; safe to share between threads.

    Args:
        home: The state folder; it is made when it is not there.
        database: The journal where it is open already, to be closed with this.

    Raises:
        JournalError: It cannot be opened, or a newer version of rw-hooks wrote it.
    """

    def __init__(self, home: Path, database: sqlite3.Connection | None = None) -> None:
        self.path = home / "journal.sqlite3"
        self._lock = threading.RLock()
        self._database = open_database(self.path) if database is None else database

    @classmethod
    def to_look(cls, home: Path) -> Self | None:
        """Return the journal to be read alone, or None where there is none that this version can read."""
        database = open_to_look(home / "journal.sqlite3")
        return None if database is None else cls(home, database)

    def close(self) -> None:
        """Close the database."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- publications

    def enroll(self, key: Key, *, path: str, held: str, options: Mapping[str, Any], facts: Mapping[str, Any]) -> Row:
        """Return the publication of this key, made when there is none; an older one learns the new path and options."""
        with self._change("enroll") as database:
            found = self._find(key)
            now = _now()
            if found is None:
                identity = uuid.uuid4().hex[:12]
                database.execute(
                    "INSERT INTO publications (id, sha256, asked_air, endpoint, account, path, held, status, options,"
                    " facts, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
                    (identity, key.sha256, key.asked_air, key.endpoint, key.account, path, held,
                     json.dumps(options), json.dumps(facts), now, now),
                )  # fmt: skip
            else:
                identity = found.id
                database.execute(
                    "UPDATE publications SET path = ?, held = ?, options = ?, facts = ?, updated_at = ? WHERE id = ?",
                    (path, held, json.dumps(options), json.dumps(facts), now, identity),
                )
        return self.row(identity)

    def row(self, identity: str) -> Row:
        """Return the publication of this id.

        Raises:
            KeyError: There is none.
        """
        rows = self._rows("WHERE id = ?", (identity,))
        if not rows:
            raise KeyError(identity)
        return rows[0]

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
        """Return all AIRs given out at this endpoint that begin with ``source:id@``."""
        query = "SELECT air FROM publications WHERE endpoint = ? AND substr(air, 1, ?) = ?"
        return [air for (air,) in self._read(query, (endpoint, len(prefix), prefix))]

    def give_air(self, identity: str, air: str) -> None:
        """Write down the AIR that was chosen, before anything is sent under it."""
        with self._change("air") as database:
            database.execute("UPDATE publications SET air = ?, updated_at = ? WHERE id = ?", (air, _now(), identity))

    def end(self, identity: str, status: Status, error: Mapping[str, Any] | None = None) -> None:
        """Write down how a publication stands; one that is over keeps no secret.

        A publication that is ready takes the place of any other that was live under the same AIR.
        """
        shown = None if error is None else json.dumps(error)
        forgotten = 0
        with self._change("end") as database:
            database.execute(
                "UPDATE publications SET status = ?, live = CASE ? WHEN 'ready' THEN 1 ELSE live END, error = ?,"
                " updated_at = ? WHERE id = ?",
                (status, status, shown, _now(), identity),
            )
            if status == "ready":
                database.execute(
                    "UPDATE publications SET status = 'superseded', live = 0, updated_at = ? WHERE id != ? AND live"
                    " AND (endpoint, air) = (SELECT endpoint, air FROM publications WHERE id = ?)",
                    (_now(), identity, identity),
                )
            if status in {"ready", "cancelled"}:
                forgotten = database.execute("DELETE FROM secrets WHERE publication = ?", (identity,)).rowcount
                database.execute("DELETE FROM submissions WHERE publication = ?", (identity,))
        if forgotten:
            self._empty_log()

    def cancel(self, identity: str) -> bool:
        """Drop a publication that is not ready yet, and say whether it was one."""
        with self._change("cancel") as database:
            dropped = database.execute(
                "UPDATE publications SET status = 'cancelled', updated_at = ? WHERE id = ?"
                " AND status IN ('pending', 'failed')",
                (_now(), identity),
            ).rowcount
            if dropped:
                database.execute("DELETE FROM secrets WHERE publication = ?", (identity,))
        if dropped:
            self._empty_log()
        return bool(dropped)

    def reopen(self, identity: str, first: Stage, *, keep: Sequence[Stage] = ()) -> None:
        """Make a publication pending again, from this stage on; results of earlier stages and of ``keep`` stay."""
        again = [stage for stage in STAGES[STAGES.index(first) :] if stage not in keep]
        with self._change("reopen") as database:
            database.executemany(
                "DELETE FROM results WHERE publication = ? AND stage = ?", [(identity, stage) for stage in again]
            )
            database.execute(
                "UPDATE publications SET status = 'pending', error = NULL, updated_at = ? WHERE id = ?",
                (_now(), identity),
            )

    # -- results of stages

    def record(self, identity: str, stage: Stage, value: Mapping[str, Any], seconds: float) -> None:
        """Write down what a stage produced, before the next one starts."""
        with self._change(f"{stage}.record") as database:
            database.execute(
                "INSERT INTO results (publication, stage, value, seconds, at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (publication, stage) DO UPDATE SET value = excluded.value,"
                " seconds = excluded.seconds, at = excluded.at",
                (identity, stage, json.dumps(value), seconds, _now()),
            )
            database.execute("UPDATE publications SET updated_at = ? WHERE id = ?", (_now(), identity))

    def results(self, identity: str) -> dict[Stage, Result]:
        """Return what the stages have produced so far."""
        query = "SELECT stage, value, seconds FROM results WHERE publication = ?"
        found = self._read(query, (identity,))
        return {stage: Result(json.loads(value), seconds) for stage, value, seconds in found}

    # -- what was sent to Runware

    def submission(self, identity: str) -> dict[str, Any] | None:
        """Return what was written down of the submission under way, or None."""
        query = "SELECT value FROM submissions WHERE publication = ?"
        found = self._read(query, (identity,))
        return json.loads(found[0][0]) if found else None

    def save_submission(self, identity: str, value: Mapping[str, Any]) -> None:
        """Write down what is about to be sent, or how far it has come."""
        with self._change("submission") as database:
            database.execute(
                "INSERT INTO submissions (publication, value) VALUES (?, ?)"
                " ON CONFLICT (publication) DO UPDATE SET value = excluded.value",
                (identity, json.dumps(value)),
            )

    def forget_submission(self, identity: str) -> None:
        """Let the next attempt start with a new taskUUID, after the platform has said no to this one."""
        with self._change("forget") as database:
            database.execute("DELETE FROM submissions WHERE publication = ?", (identity,))

    # -- secret URLs that the user gave

    def keep_secrets(self, identity: str, values: Mapping[str, str]) -> None:
        """Keep secret URLs by name until the publication ends."""
        with self._change("secrets") as database:
            database.executemany(
                "INSERT INTO secrets (publication, name, value) VALUES (?, ?, ?)"
                " ON CONFLICT (publication, name) DO UPDATE SET value = excluded.value",
                [(identity, name, value) for name, value in values.items()],
            )

    def secrets(self, identity: str) -> dict[str, str]:
        """Return the kept secret URLs by name."""
        return dict(self._read("SELECT name, value FROM secrets WHERE publication = ?", (identity,)))

    # -- accounts

    def remember_account(self, endpoint: str, account: str, organization: str | None, air_source: str | None) -> None:
        """Write down what the platform said of the account behind a key."""
        with self._change("account") as database:
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
        accounts = self.same_account(key.endpoint, key.account)
        same = self._rows(
            "WHERE sha256 = ? AND asked_air = ? AND endpoint = ? ORDER BY created_at, rowid",
            (key.sha256, key.asked_air, key.endpoint),
        )
        ours = [row for row in same if row.key.account in accounts]
        return next((row for row in ours if row.key == key), ours[0] if ours else None)

    def _rows(self, clause: str, values: Sequence[object]) -> list[Row]:
        columns = (
            "SELECT id, sha256, asked_air, endpoint, account, path, held, status, air, live, options, facts,"
            " error, created_at, updated_at FROM publications "
        )
        found = self._read(columns + clause, values)
        return [
            Row(
                id=identity, key=Key(sha256, asked_air, endpoint, account), path=path, held=held, status=status,
                air=air, live=bool(live), options=json.loads(options), facts=json.loads(facts),
                error=None if error is None else json.loads(error), created_at=created_at, updated_at=updated_at,
            )
            for identity, sha256, asked_air, endpoint, account, path, held, status, air, live, options, facts,
            error, created_at, updated_at in found
        ]  # fmt: skip

    def _read(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._lock, reporting(self.path):
            require_known(self._database, self.path)
            return self._database.execute(query, values).fetchall()

    def _empty_log(self) -> None:
        """Have the write-ahead log written into the file and emptied: what was deleted there still stands in the log.

        Where another process is reading just now, the last one that closes the journal does it.
        """
        with self._lock, suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _change(self, point: str) -> Generator[sqlite3.Connection]:
        with self._lock, reporting(self.path):
            reach(f"journal.{point}.before")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                require_known(self._database, self.path)
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                    self._database.execute("ROLLBACK")
                raise
            reach(f"journal.{point}.after")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
