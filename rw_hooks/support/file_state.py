"""Whether a file is still what it was, told without reading it. Standard library only.

Two states that are equal mean the same bytes, as far as a file system can tell:

* The size and the time of the last change see a file that was written to in place.
* The inode sees a file that another took the place of, even if that one has the same size and time (``cp -p``).

An inode is only comparable within one process and for a short time: some network and user-space file systems (sshfs,
SMB without ``serverino``) give out new numbers after a remount, or when they have forgotten a file, and Windows tells
none when a folder is listed. So what is kept over a restart, or compared over hours, is compared as :attr:`lasting`.
A client of a network file system may know a file's size and time a few seconds late (NFS: ``acregmin``, 3 seconds);
opening the file asks the server again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["FileState"]


@dataclass(frozen=True)
class FileState:
    """How a file looks from outside; equal states, equal bytes.

    Attributes:
        size: Bytes.
        mtime_ns: The time of the last change in nanoseconds.
        inode: The file system's number of the file; 0 where it is not known, or does not count.
    """

    size: int
    mtime_ns: int
    inode: int = 0

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Return how the file looks now; links are followed.

        Raises:
            OSError: It is not there, or cannot be seen.
        """
        return cls.from_stat(path.stat())

    @classmethod
    def from_stat(cls, status: os.stat_result) -> FileState:
        """Return the state that ``stat`` told."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    @property
    def lasting(self) -> FileState:
        """The part that stays true over restarts and remounts: without the inode."""
        return replace(self, inode=0)
