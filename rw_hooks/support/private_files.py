"""Files and folders that only their owner can read, and removing what killed processes leave. Standard library only."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

__all__ = ["clear_leftovers", "is_old", "private_folder", "sync_folder"]

_LEFT_SECONDS = 3600.0


def private_folder(path: Path) -> Path:
    """Create the folder for its owner only (mode 0700, if there are modes), and return it.

    Raises:
        OSError: It cannot be created or written.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "posix" and path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
        path.chmod(0o700)
    return path


def clear_leftovers(folder: Path, pattern: str) -> None:
    """Remove the files of this pattern that were not written for an hour; files that cannot be removed stay."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink() and is_old(path):
                path.unlink()


def is_old(*paths: Path) -> bool:
    """Whether none of these files was written for an hour."""
    return time.time() - max(path.stat().st_mtime for path in paths) > _LEFT_SECONDS


def sync_folder(folder: Path) -> None:
    """Make a new name survive a power loss, if folders can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
