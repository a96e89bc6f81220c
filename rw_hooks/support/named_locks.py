"""Locks between processes and threads, by name. Standard library only.

The operating system releases the locks of a killed process. Each name is one byte of the file ``locks/all.lock``, which
is locked and never written, so there is only one file for all names.

On POSIX these are record locks (``fcntl.lockf``), which belong to a process. So a forked child holds none of them, and
threads are kept apart by a set of the bytes that this process has locked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rw_hooks.errors import UnreachableError
from rw_hooks.support.byte_lock import lock_byte, unlock_byte
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import from_os_error
from rw_hooks.support.private_files import private_folder

__all__ = ["clear_older_locks", "held"]

_POLL_SECONDS = 0.05
_KINDS = ("item", "enroll", "publication", "air", "receipt")
"""The first words of names. Each has its own range of bytes, so that locks of two kinds, which may be held at the same
time, are never the same byte."""
_NAMES_BITS = 27
"""The number of bytes for each kind, as a power of two; eight kinds end at 2^30, below the greatest 32-bit offset
(Windows)."""


@dataclass(eq=False)
class _LockFile:
    """The open lock file of a state folder.

    Attributes:
        descriptor: The file's descriptor.
        identity: Its device and inode, which no other file has while it is open.
        bytes_locked: The bytes that threads of this process have locked, or for which they wait.
        users: How many threads hold a byte or wait for one.
    """

    descriptor: int
    identity: tuple[int, int]
    bytes_locked: set[int] = field(default_factory=set[int])
    users: int = 0


class _OpenFiles:
    """The lock files that this process has open, by device and inode.

    POSIX releases *all* locks of a process on a file as soon as the process closes *any* descriptor of that file. So a
    file is opened only once, whatever path leads to it, and closed only when nobody in this process needs it.
    """

    def __init__(self) -> None:
        self.files: dict[tuple[int, int], _LockFile] = {}
        self.changed = threading.Condition()

    def open(self, path: Path) -> _LockFile:
        """Return the lock file that now has this path, because the earlier one may have been removed."""
        with self.changed:
            file = self._known(path)
            if file is None:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                file = _LockFile(descriptor, _identity(os.fstat(descriptor)))
                self.files[file.identity] = file
            file.users += 1
            return file

    def close(self, file: _LockFile) -> None:
        """Record that one user less needs the file."""
        with self.changed:
            file.users -= 1
            if not file.users:
                del self.files[file.identity]
                os.close(file.descriptor)

    def take(self, file: _LockFile, byte: int, deadline: Deadline) -> bool:
        """Wait for a byte, and return whether it was free before the deadline.

        Raises:
            OSError: The file system has no locks.
        """
        with self.changed:
            left = min(deadline.left, threading.TIMEOUT_MAX)
            if not self.changed.wait_for(lambda: byte not in file.bytes_locked, left):
                return False
            file.bytes_locked.add(byte)
        locked = False
        try:
            while not (locked := self._lock(file, byte)) and not deadline.passed:
                time.sleep(min(_POLL_SECONDS, deadline.left))
        finally:
            if not locked:
                self._forget(file, byte)
        return locked

    def give_back(self, file: _LockFile, byte: int) -> None:
        """Release a byte."""
        with self.changed, contextlib.suppress(OSError):  # if it cannot be unlocked, the lock ends with the process
            unlock_byte(file.descriptor, byte)
        self._forget(file, byte)

    def _known(self, path: Path) -> _LockFile | None:
        try:
            return self.files.get(_identity(path.stat()))
        except FileNotFoundError:
            return None

    def _lock(self, file: _LockFile, byte: int) -> bool:
        with self.changed:  # on Windows the locked byte is at the file's position, of which there is only one
            return lock_byte(file.descriptor, byte)

    def _forget(self, file: _LockFile, byte: int) -> None:
        with self.changed:
            file.bytes_locked.discard(byte)
            self.changed.notify_all()


_open_files = _OpenFiles()


def _begin_in_child() -> None:
    """Reset in a forked child: the locks are its parent's, and another thread may have held the condition."""
    global _open_files
    inherited, _open_files = _open_files, _OpenFiles()
    for file in inherited.files.values():
        os.close(file.descriptor)  # this process has no lock on it that could be lost


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)


@contextmanager
def held(home: Path, name: str, deadline: Deadline) -> Generator[None]:
    """Hold the lock of this name while the block runs; wait if another process or thread holds it.

    Args:
        home: The state folder.
        name: The name of the lock, such as ``publication`` and its id. The first word is its kind.
        deadline: How long to wait.

    Raises:
        UnreachableError: Another process or thread still holds it at the deadline.
    """
    ours, byte = _open_files, _byte(name)
    try:
        file = ours.open(private_folder(private_folder(home) / "locks") / "all.lock")
    except OSError as error:
        raise from_os_error(error) from None
    try:
        _take(ours, file, byte, deadline)
        try:
            yield
        finally:
            if ours is _open_files:  # else this is a child that was forked in the block, and the lock is its parent's
                ours.give_back(file, byte)
    finally:
        if ours is _open_files:
            ours.close(file)


def clear_older_locks(home: Path) -> None:
    """Remove the lock files that earlier versions made for each name; one that is held stays."""
    for path in (home / "locks").glob("[0-9a-f]" * 24 + ".lock"):
        with contextlib.suppress(OSError):
            _remove_if_free(path)


def _take(ours: _OpenFiles, file: _LockFile, byte: int, deadline: Deadline) -> None:
    try:
        locked = ours.take(file, byte, deadline)
    except OSError as error:
        raise from_os_error(error) from None
    if not locked:
        raise UnreachableError(
            "in_other_hands",
            "another process is still working on this publication",
            hint="wait until it ends; 'rw-hooks jobs' shows its progress",
        )


def _byte(name: str) -> int:
    """Return the byte of a name. Two names of a kind have the same byte once in 134 million cases."""
    kind = name.partition(" ")[0]
    number = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
    digest = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return (number << _NAMES_BITS) | (digest % (1 << _NAMES_BITS))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _remove_if_free(path: Path) -> None:
    """Remove a lock file of an earlier version, which locked the whole file with ``flock``."""
    if sys.platform == "win32":
        path.unlink()  # Windows does not remove files that are open
        return
    import fcntl

    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(descriptor)
