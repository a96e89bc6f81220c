"""Locks that show that a process lives, and that end with it, however it ends. Standard library only.

It is a lock on a file, which the operating system releases when the process dies, even by ``kill -9``. On POSIX it is a
record lock (``fcntl.lockf``): unlike ``flock``, forked workers do not inherit it, so a dead trainer does not seem to
live.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

__all__ = ["ProcessLock", "is_locked"]

_BYTE = 1 << 30  # behind any content, so that the file can still be read if locks are mandatory

_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})

_own: dict[str, int] = {}  # path -> process id: on POSIX, testing one's own lock would release it


class ProcessLock:
    """A lock file that this process may hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Acquire the lock without waiting, and return whether it was free.

        Raises:
            OSError: The file cannot be opened, or its file system has no locks.
        """
        if _is_own(self.path):
            return False
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            free = _lock(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        if not free:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        _own[str(self.path)] = os.getpid()
        return True

    def release(self) -> None:
        """Release the lock, if it is held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _own.pop(str(self.path), None)
            os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock of this file."""
    if _is_own(path):
        return True
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    except OSError:  # on a file system without locks this cannot be known
        return False
    finally:
        os.close(descriptor)


def _is_own(path: Path) -> bool:
    return _own.get(str(path)) == os.getpid()


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _BYTE)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True
