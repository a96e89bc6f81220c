"""What the file system under the state folder can do, found out by doing it, before anything rests on it.

Two processes are kept apart by locks, so a state folder without locks is not used. SQLite's write-ahead log needs
memory that all its processes share, which no file system of a network keeps alike on two machines; there the journal
is kept the older way, with a rollback journal, which needs locks alone.
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
        lock_trouble: Why its locks do not work; None where they do.
        shares_memory: Whether processes can share memory over a file.
    """

    lock_trouble: OSError | None
    shares_memory: bool


def look_at(folder: Path) -> FileSystem:
    """Try locks and shared memory on a nameless file of this folder.

    Raises:
        OSError: The folder cannot be written.
    """
    with tempfile.TemporaryFile(dir=folder, prefix=".volume-", suffix=".tmp") as file:
        trouble = _lock_trouble(file.fileno())
        return FileSystem(trouble, shares_memory=not _is_remote(folder) and _maps(file.fileno()))


def _lock_trouble(descriptor: int) -> OSError | None:
    """Try both kinds of locks that are relied on; nobody else knows the file, so whatever goes wrong is no contention.

    On a network one kind may stand for the other, so each is let go of before the next.
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
    """Whether the folder is known to lie on another machine, or in the hands of a program, which cannot be known."""
    if sys.platform == "win32":
        return str(folder.resolve()).startswith("\\\\")
    device = folder.stat().st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = [line.split() for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:  # no Linux: the locks and the memory that were tried are all there is to know
        return False
    kinds = {fields[fields.index("-") + 1] for fields in mounts if fields[2] == name}
    return any(kind in _NETWORK or kind.partition(".")[0] == "fuse" for kind in kinds)
