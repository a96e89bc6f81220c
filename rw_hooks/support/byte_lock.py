"""Locking one byte of a file, which need not be there, by what the operating system has for it. Standard library only.

On POSIX these are record locks (``fcntl.lockf``): they belong to the process, a forked child has none of them, and
closing any descriptor of the file lets go of all that this process has on it. On Windows they belong to the descriptor.
"""

from __future__ import annotations

import errno
import os
import sys

__all__ = ["lock_byte", "unlock_byte"]

_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


def lock_byte(descriptor: int, byte: int) -> bool:
    """Lock a byte without waiting, and say whether it was free.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, byte, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def unlock_byte(descriptor: int, byte: int) -> None:
    """Let go of a byte.

    Raises:
        OSError: It cannot be unlocked.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
