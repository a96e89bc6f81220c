"""Training runs: a small file for each, which the trainer locks while it lives. Standard library only.

A run is over when nobody holds its lock: the hook has released it, or the trainer has died. The worker writes what
would stop a publication into a second file, which the hook reads.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rw_hooks.support.atomic_file import write_json
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.process_lock import ProcessLock, is_locked

__all__ = ["Run", "begin", "forget", "is_over", "known", "read_trouble", "tell_trouble"]


@dataclass(frozen=True)
class Run:
    """One run of a trainer.

    Attributes:
        options: The options, as in a queue item.
        endpoint: Runware's REST endpoint.
        account: The fingerprint of the key.
        directory: The trainer's working directory.
        argv: Its command line without the values of secret options, if ``rw-hooks run`` started it.
        variables: The names of its environment variables; never their values.
        before: The weights files that were there before, if a command of ours started it.
        id: The id of the run.
    """

    options: Mapping[str, Any]
    endpoint: str
    account: str
    directory: str
    argv: Sequence[str] = ()
    variables: Sequence[str] = ()
    before: Sequence[str] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])


def begin(home: Path, run: Run) -> ProcessLock:
    """Record a new run, and return the lock that shows that it lasts.

    Raises:
        OSError: The state folder cannot be written, or its file system has no locks.
    """
    folder = private_folder(private_folder(home) / "runs")
    lock = ProcessLock(folder / f"{run.id}.lock")
    try:
        _acquire(lock)
        write_json(folder / f"{run.id}.json", asdict(run))
    except OSError:
        lock.release()
        with contextlib.suppress(OSError):
            lock.path.unlink()
        raise
    return lock


def _acquire(lock: ProcessLock) -> None:
    if not lock.acquire():  # nobody else knows its id, so nobody else can hold it
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(lock.path))


def is_over(home: Path, identity: str) -> bool:
    """Whether the run is over: its lock is free."""
    return not is_locked(home / "runs" / f"{identity}.lock")


def known(home: Path) -> Iterator[Run]:
    """Yield the recorded runs."""
    for path in sorted((home / "runs").glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            yield Run(**{name: record[name] for name in Run.__dataclass_fields__ if name in record})
        except (OSError, ValueError, TypeError, KeyError):
            continue


def tell_trouble(home: Path, identity: str, trouble: Sequence[str]) -> None:
    """Record what would stop a publication; an empty list says that nothing would."""
    write_json(home / "runs" / f"{identity}.check", {"trouble": list(trouble)})


def read_trouble(home: Path, identity: str) -> list[str] | None:
    """Return what would stop a publication, or None if this has not been checked yet."""
    try:
        return list(json.loads((home / "runs" / f"{identity}.check").read_text(encoding="utf-8"))["trouble"])
    except (OSError, ValueError, KeyError):
        return None


def forget(home: Path, identity: str) -> None:
    """Remove the records of a run that is over."""
    for suffix in ("json", "check", "lock"):
        (home / "runs" / f"{identity}.{suffix}").unlink(missing_ok=True)
