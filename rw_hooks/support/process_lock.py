"""Locks that show that a process lives, and that end with it, however it ends. Standard library only.

It is a lock on a file, which the operating system releases when the process dies, even by ``kill -9``. On POSIX it is a
record lock (``fcntl.lockf``): unlike ``flock``, forked workers do not inherit it, so a dead trainer does not seem to
live.
"""

from __future__ import annotations

import os
from pathlib import Path

from rw_hooks.support.byte_lock import lock_byte

__all__ = ["ProcessLock", "is_locked"]

_BYTE = 1 << 30  # behind any content, so that the file can still be read if locks are mandatory

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
            free = lock_byte(descriptor, _BYTE)
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
        return not lock_byte(descriptor, _BYTE)
    except OSError:  # on a file system without locks this cannot be known
        return False
    finally:
        os.close(descriptor)


def _is_own(path: Path) -> bool:
    return _own.get(str(path)) == os.getpid()
