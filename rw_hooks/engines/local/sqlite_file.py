"""The journal's SQLite file: its schema, how it is opened and migrated, and what happens when it is damaged.

The schema's number is ``user_version``. A damaged file is renamed to ``journal.sqlite3.corrupt-<time>`` and never
deleted, and a new one is created. Publishing the same file again then finds its receipt, its place at the host, and its
model at Runware by AIR and ``uniqueIdentifier``, so nothing is done twice.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from rw_hooks.publication.store import JournalError
from rw_hooks.support.atomic_file import move
from rw_hooks.support.filesystem import FileSystem, look_at
from rw_hooks.support.private_files import private_folder, sync_folder

__all__ = ["open_database", "open_to_look", "reporting", "require_known"]

_SCHEMA = (
    """
    CREATE TABLE publications (
        id TEXT PRIMARY KEY,
        sha256 TEXT NOT NULL,
        asked_air TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        account TEXT NOT NULL,
        path TEXT NOT NULL,
        held TEXT NOT NULL,
        status TEXT NOT NULL,
        air TEXT,
        live INTEGER NOT NULL DEFAULT 0,
        options TEXT NOT NULL,
        facts TEXT NOT NULL,
        error TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (sha256, asked_air, endpoint, account)
    );
    CREATE INDEX publications_by_air ON publications (endpoint, air);
    CREATE TABLE results (
        publication TEXT NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
        stage TEXT NOT NULL,
        value TEXT NOT NULL,
        seconds REAL NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (publication, stage)
    );
    CREATE TABLE submissions (
        publication TEXT PRIMARY KEY REFERENCES publications (id) ON DELETE CASCADE,
        value TEXT NOT NULL
    );
    CREATE TABLE secrets (
        publication TEXT NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (publication, name)
    );
    CREATE TABLE accounts (
        endpoint TEXT NOT NULL,
        account TEXT NOT NULL,
        organization TEXT,
        air_source TEXT,
        PRIMARY KEY (endpoint, account)
    );
    """,
    # A file that was never read has no sha256 (it had a made-up one); a publication may be asked for again, has a
    # machine, and a point in time at which its time is over.
    """
    CREATE TABLE publications_2 (
        id TEXT PRIMARY KEY,
        sha256 TEXT,
        asked_air TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        account TEXT NOT NULL,
        path TEXT NOT NULL,
        held TEXT NOT NULL,
        status TEXT NOT NULL,
        air TEXT,
        live INTEGER NOT NULL DEFAULT 0,
        asked INTEGER NOT NULL DEFAULT 0,
        options TEXT NOT NULL,
        facts TEXT NOT NULL,
        error TEXT,
        expires_at TEXT,
        machine TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (sha256, asked_air, endpoint, account)
    );
    INSERT INTO publications_2 (id, sha256, asked_air, endpoint, account, path, held, status, air, live, options,
        facts, error, created_at, updated_at)
        SELECT id, CASE WHEN sha256 LIKE 'unread:%' THEN NULL ELSE sha256 END, asked_air, endpoint, account, path, held,
        status, air, live, options, facts, error, created_at, updated_at FROM publications ORDER BY created_at, rowid;
    DROP TABLE publications;
    ALTER TABLE publications_2 RENAME TO publications;
    CREATE INDEX publications_by_air ON publications (endpoint, air);
    """,
)
_BUSY_SECONDS = 30.0
_LOG = logging.getLogger("rw_hooks.publish")


class _DamagedError(Exception):
    """The file is not a database, or it is incomplete."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the journal; create or migrate it if needed. One process at a time does this.

    Raises:
        JournalError: It cannot be opened, or a newer version of rw-hooks wrote it.
    """
    try:
        volume = look_at(private_folder(path.parent))
        _require_locks(path.parent, volume)
        with FileLock(path.with_name("journal.lock"), timeout=_BUSY_SECONDS, mode=0o600), reporting(path):
            try:
                return _open(path, volume)
            except _DamagedError as damage:
                _move_aside(path, str(damage))
                return _open(path, volume)
    except (OSError, Timeout) as error:
        raise _unusable(path, error) from None


def open_to_look(path: Path) -> sqlite3.Connection:
    """Open the journal for reading only and write nothing.

    Return an empty one if it cannot be read or has a newer version. One of an older version is copied into memory and
    migrated there. A journal that nobody has open has no log, and is opened as immutable: then SQLite creates no files
    beside it.
    """
    immutable = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
    with suppress(JournalError, sqlite3.Error):
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{immutable}", uri=True, check_same_thread=False)
        with _closed_on_error(database):
            version = require_known(database, path)
            if version == len(_SCHEMA):
                return database
            with closing(database):
                return _in_memory(path, database)
    return _in_memory(path)


def _in_memory(path: Path, older: sqlite3.Connection | None = None) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with _closed_on_error(database):
        if older is not None:
            older.backup(database)
        _migrate(database, path)
    return database


@contextmanager
def _closed_on_error(database: sqlite3.Connection) -> Generator[None]:
    """Close the database if the block fails."""
    try:
        yield
    except BaseException:  # raised again; an open database would keep its files locked on Windows
        database.close()
        raise


@contextmanager
def reporting(path: Path) -> Generator[None]:
    """Convert an error of SQLite into one that says what fixes it."""
    try:
        yield
    except sqlite3.Error as error:
        raise _unusable(path, error) from None


def _require_locks(home: Path, volume: FileSystem) -> None:
    trouble = volume.lock_trouble
    if trouble is None:
        return
    raise JournalError(
        "state_without_locks",
        f"file locks do not work in the state folder {home} ({trouble.strerror}); without them two processes could "
        "publish one file twice, so nothing was sent",
        hint="set RW_HOOKS_HOME to a folder on a local disk, or mount this one with locks (NFS with its lock "
        "service, Lustre with -o flock)",
        stage="setup",
    )


def _unusable(path: Path, error: Exception) -> JournalError:
    return JournalError(
        "journal_unusable",
        f"the journal {path} cannot be used: {error}; nothing was sent that is not in the journal",
        hint="free space on its disk or get write permission, or set RW_HOOKS_HOME to a folder on a local disk; then "
        "run 'rw-hooks resume'",
        stage="setup",
    )


def _open(path: Path, volume: FileSystem) -> sqlite3.Connection:
    with suppress(FileExistsError):  # only a new file: closing an open one would release this process's locks on it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    with _closed_on_error(database):
        if not volume.shares_memory:
            _leave_shared_memory(database)
        _require_whole(database)
        if volume.shares_memory:
            _share_memory(database, path)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA secure_delete = ON")
        _migrate(database, path)
        database.execute("PRAGMA foreign_keys = ON")  # after the migration, which creates a table again
    return database


def _share_memory(database: sqlite3.Connection, path: Path) -> None:
    """Use a write-ahead log from now on.

    A new file needs no rollback journal for this change, which saves four syncs.
    """
    if path.stat().st_size == 0:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA journal_mode = WAL")
        sync_folder(path.parent)
    database.execute("PRAGMA journal_mode = WAL")


def _leave_shared_memory(database: sqlite3.Connection) -> None:
    """Use a rollback journal from now on. To read a log that another machine left, no shared memory is used."""
    with _damage():
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA locking_mode = NORMAL")


def _require_whole(database: sqlite3.Connection) -> None:
    with _damage():
        (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise _DamagedError(str(answer))


@contextmanager
def _damage() -> Generator[None]:
    """Distinguish a damaged file from a disk that cannot be read, and from a lock."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise _DamagedError(str(error)) from None


def _move_aside(path: Path, damage: str) -> None:
    """Rename the damaged file and its log, so that a person can examine them."""
    aside = path.with_name(f"{path.name}.corrupt-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}")
    for suffix in ("-wal", "-shm", "-journal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            move(part, aside.with_name(aside.name + suffix))
    _LOG.warning(
        "the journal %s was damaged (%s); it is kept as %s, and a new one was created. Publish the files again "
        "that were "
        "not ready: what was uploaded or registered already is found and not done twice", path, damage, aside.name,
    )  # fmt: skip


def require_known(database: sqlite3.Connection, path: Path) -> int:
    """Return the schema of the journal; a newer version of rw-hooks may migrate it while this one has it open.

    Raises:
        JournalError: It is newer than this version knows.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > len(_SCHEMA):
        raise JournalError(
            "journal_newer",
            f"{path} was written by a newer version of rw-hooks (schema {version}, this version knows {len(_SCHEMA)}); "
            "nothing was changed",
            hint="upgrade with 'pip install -U rw-hooks', or set RW_HOOKS_HOME to another folder",
            stage="setup",
        )
    return version


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    database.execute("BEGIN IMMEDIATE")
    version = require_known(database, path)
    for script in _SCHEMA[version:]:
        for statement in filter(str.strip, script.split(";")):
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {len(_SCHEMA)}")
    database.execute("COMMIT")
