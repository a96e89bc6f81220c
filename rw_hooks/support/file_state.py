"""Whether a file has changed, decided without reading it. Standard library only.

Two equal states mean the same bytes, as far as a file system shows it:

* The size and the time of the last change show that a file was written in place. * The inode shows that a file was
replaced by another one, even with the same size and time (``cp -p``).

Inodes can be compared only within one process and for a short time: some network and user-space file systems (sshfs,
SMB without ``serverino``) give a file a new number after a remount, or when it is no longer cached, and Windows has
none when a folder is listed. So states that are stored, or compared after hours, are compared as :attr:`lasting`. A
client of a network file system may know a file's size and time a few seconds late (NFS: ``acregmin``, 3 seconds);
opening the file asks the server again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["FileState"]


@dataclass(frozen=True)
class FileState:
    """The state of a file without its content; equal states mean equal bytes.

    Attributes:
        size: Bytes.
        mtime_ns: The time of the last change in nanoseconds.
        inode: The file system's number of the file; 0 if it is not known, or is not compared.
    """

    size: int
    mtime_ns: int
    inode: int = 0

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Return the present state of the file; links are followed.

        Raises:
            OSError: It does not exist, or may not be accessed.
        """
        return cls.from_stat(path.stat())

    @classmethod
    def from_stat(cls, status: os.stat_result) -> FileState:
        """Return the state from a result of ``stat``."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    @property
    def lasting(self) -> FileState:
        """The part that does not change with restarts and remounts: without the inode."""
        return replace(self, inode=0)
