"""Making a private copy of a file, which takes no space if the file system can share blocks. Standard library only.

Btrfs, XFS and others keep one set of blocks for two files until one of them is written to.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

__all__ = ["copy_file", "share_blocks"]

_FICLONE = 0x40049409
"""Linux ``ioctl_ficlone(2)``: share the blocks of another file, copy on write."""
_PIECE = 1 << 22


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes into a file that only its owner can read; an existing file is overwritten.

    Raises:
        OSError: A file cannot be read or written.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as out, source.open("rb") as origin:
        if not share_blocks(origin.fileno(), descriptor):
            shutil.copyfileobj(origin, out, _PIECE)


def share_blocks(source: int, target: int) -> bool:
    """Let an open empty file share the blocks of another open file, and return whether this was possible."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True
