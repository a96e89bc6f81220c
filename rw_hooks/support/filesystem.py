"""What the file system of the state folder can do, found out by trying it before it is needed.

Locks keep two processes apart, so a state folder without locks is not used. SQLite's write-ahead log needs memory that
all its processes share. No network file system can share memory between two machines, so there SQLite uses a rollback
journal instead, which needs only locks.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FileSystem", "look_at"]

_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
     "ocfs2", "panfs", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs"}
)  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class FileSystem:
    """What a file system can do.

    Attributes:
        lock_trouble: Why its locks do not work; None if they work.
        shares_memory: Whether processes can share memory through a file.
    """

    lock_trouble: OSError | None
    shares_memory: bool


def look_at(folder: Path) -> FileSystem:
    """Try locks and shared memory with a temporary file in this folder.

    Raises:
        OSError: The folder cannot be written.
    """
    with tempfile.TemporaryFile(dir=folder, prefix=".volume-", suffix=".tmp") as file:
        trouble = _lock_trouble(file.fileno())
        return FileSystem(trouble, shares_memory=not _is_remote(folder) and _maps(file.fileno()))


def _lock_trouble(descriptor: int) -> OSError | None:
    """Try both kinds of locks that are used; nobody else knows the file, so an error is never another process's lock.

    On a network file system the two kinds may be the same lock, so each is released before the next.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        for lock in (fcntl.flock, fcntl.lockf):
            lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock(descriptor, fcntl.LOCK_UN)
    except OSError as error:
        return error
    return None


def _maps(descriptor: int) -> bool:
    try:
        os.ftruncate(descriptor, mmap.PAGESIZE)
        mmap.mmap(descriptor, mmap.PAGESIZE).close()
    except OSError:
        return False
    return True


def _is_remote(folder: Path) -> bool:
    """Whether the folder is on a network file system or a user-space one (FUSE), which may be on another machine."""
    if sys.platform == "win32":
        return str(folder.resolve()).startswith("\\\\")
    device = folder.stat().st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = [line.split() for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:  # not Linux: only the results of the trials are known
        return False
    kinds = {fields[fields.index("-") + 1] for fields in mounts if fields[2] == name}
    return any(kind in _NETWORK or kind.partition(".")[0] == "fuse" for kind in kinds)
