"""The worker's lease: which process is the worker, and starting one if there is none. Standard library only.

One worker serves one state folder, endpoint, key and schema of queue items. An older version's worker ignores newer
items, so a newer version has its own worker. The worker holds a lock while it lives, and keeps a heartbeat file beside
the lock. Before it ends it removes the heartbeat, and only then reads the inbox for the last time. So a hook that
writes an item and still sees the heartbeat knows that the worker will read the item.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rw_hooks.config.options import OPTIONS
from rw_hooks.queue.inbox import SCHEMA
from rw_hooks.support.atomic_file import move
from rw_hooks.support.priority import keep_back
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.process_lock import ProcessLock, is_locked

__all__ = ["OF_THE_WORKER", "WorkerLease"]

OF_THE_WORKER = ("engine", "concurrency")
"""The options of the worker itself."""

_ACQUIRE_SECONDS = 10.0
_START_SECONDS = 20.0
_LOG_BYTES_MAX = 5_000_000
_RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT")


class _Started(NamedTuple):
    process: subprocess.Popen[bytes]
    at: float


_started: dict[str, _Started] = {}


class WorkerLease:
    """The lease of the only worker for a state folder, an endpoint, a key, and the queue items of this version.

    Args:
        home: The state folder.
        endpoint: Runware's REST endpoint.
        account: The fingerprint of the key.
    """

    def __init__(self, home: Path, endpoint: str, account: str) -> None:
        name = hashlib.sha256(f"{endpoint} {account} {SCHEMA}".encode()).hexdigest()[:12]
        self._folder = home / "workers"
        self._lock = self._folder / f"{name}.lock"
        self._heartbeat = self._folder / f"{name}.json"
        self._acquired = self._folder / f"{name}.taken"
        self._process_lock = ProcessLock(self._lock)

    @property
    def is_held(self) -> bool:
        """Whether there is a worker that will read the inbox again."""
        return self._heartbeat.exists() and is_locked(self._lock)

    @property
    def is_awaited(self) -> bool:
        """Whether a worker that this process started is about to acquire the lease."""
        started = _started.get(str(self._lock))
        if started is None or started.process.poll() is not None:
            return False
        try:
            acquired_at = self._acquired.stat().st_mtime
        except OSError:
            acquired_at = 0.0
        return acquired_at < started.at and time.time() - started.at < _START_SECONDS

    def start_worker(self, environ: Mapping[str, str], command: str | None) -> None:
        """Start a worker that outlives this process, and return at once.

        Args:
            environ: The trainer's environment, for the keys and tokens in it.
            command: The command that starts a worker in another environment; None for this interpreter.

        Raises:
            OSError: It cannot be started.
            ValueError: The command cannot be parsed.
        """
        _started[str(self._lock)] = _Started(_start(self._folder.parent, environ, command), time.time())

    def acquire(self) -> bool:
        """Acquire the lease, and wait a little for a worker that is ending; False if another worker stays.

        Raises:
            OSError: The state folder cannot be written.
        """
        private_folder(private_folder(self._folder.parent) / self._folder.name)
        until = time.monotonic() + _ACQUIRE_SECONDS
        while not self._process_lock.acquire():
            if self._heartbeat.exists() or time.monotonic() > until:
                return False
            time.sleep(0.05)
        self._acquired.touch()
        self.heartbeat()
        return True

    def heartbeat(self) -> None:
        """Write the heartbeat: the worker lives, and will read the inbox again."""
        self._heartbeat.touch(mode=0o600)  # it needs no space on a full disk

    def stop_heartbeat(self) -> None:
        """Remove the heartbeat: the worker may end."""
        self._heartbeat.unlink(missing_ok=True)

    def release(self) -> None:
        """Release the lease."""
        self._process_lock.release()


def _start(home: Path, environ: Mapping[str, str], command: str | None) -> subprocess.Popen[bytes]:
    words = shlex.split(command, posix=os.name == "posix") if command else [sys.executable, "-m", "rw_hooks", "worker"]
    log = private_folder(private_folder(home) / "logs") / "worker.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        move(log, log.with_name("worker.log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        worker = subprocess.Popen(  # noqa: S603 - the user's own command, or ourselves
            words, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, cwd=home,
            env=_environment(home, environ), start_new_session=True, creationflags=_flags(),
        )  # fmt: skip
    finally:
        os.close(descriptor)
    keep_back(worker.pid)
    return worker


def _flags() -> int:
    if sys.platform != "win32":
        return 0
    return subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP


def _environment(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the trainer's environment without its rank, and without options that are not the worker's.

    Each item has the other options.
    """
    left_out = {entry.variable for entry in OPTIONS.values() if entry.name not in OF_THE_WORKER}.union(_RANKS)
    kept = {name: value for name, value in environ.items() if name not in left_out}
    places = [str(Path(place).absolute()) for place in kept.pop("PYTHONPATH", "").split(os.pathsep) if place]
    package = Path(__file__).parents[2]
    if not {"site-packages", "dist-packages"}.intersection(package.parts):
        places.append(str(package))  # the path of rw-hooks, in case the trainer has added it to sys.path itself
    if places:
        kept["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(places))
    return {**kept, "RW_HOOKS_HOME": str(home)}
