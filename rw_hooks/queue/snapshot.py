"""Keeping the bytes of a queue item unchanged until they are published. Standard library only.

The hook makes a hard link: this takes no time, and the bytes stay when the trainer deletes, rotates or replaces the
file. The link is in the state folder's spool, which no trainer removes. If the state folder is on another file system,
the link is in ``.rw-hooks/`` beside the file. A link does not protect a file that is rewritten in place, so the worker
makes a private copy first. If a file system has no links, the hook makes the copy.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from rw_hooks.errors import ArtifactChangedError, ArtifactError
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.support.atomic_file import renamed_when_whole
from rw_hooks.support.copy_file import copy_file
from rw_hooks.support.file_state import FileState
from rw_hooks.support.private_files import private_folder

__all__ = [
    "COPY",
    "FOLDER",
    "SPOOL",
    "Held",
    "copy_of",
    "has_room",
    "hold",
    "is_copy",
    "release",
    "release_item",
    "require_as_handed_over",
    "secure",
    "source_of",
    "sweep",
]

FOLDER = ".rw-hooks"
SPOOL = "spool"
"""The folder in the state folder for links and copies."""
_ORPHAN_SECONDS = 7 * 24 * 3600.0
LINK, COPY = ".link", ".copy"
_IDENTITY = re.compile("[0-9a-f]{12}")
"""The id of a queue item, which is a part of the names of its links and copies; no model has such a name."""


@dataclass(frozen=True)
class Held:
    """The link or copy that keeps a file's bytes.

    Attributes:
        path: The link or copy, or the file itself if neither was possible.
        status: The file's state at that time.
        copied: Whether it is a copy.
    """

    path: Path
    status: os.stat_result
    copied: bool

    @property
    def kept(self) -> bool:
        """Whether there is a link or a copy."""
        return _is_link(self.path) or is_copy(self.path)


def hold(file: Path, name: str, *, staging: Path | None, spool: Path) -> Held:
    """Link the file, or copy it if it cannot be linked.

    Args:
        file: The file.
        name: A unique name for the link or copy.
        staging: The folder for copies; None for a folder beside the file.
        spool: The state folder's spool: for a link if it is on the same file system, and for a copy if nothing can be
            written beside the file.

    Raises:
        OSError: There is no such file, or it cannot be read.
    """
    real = Path(os.path.realpath(file))
    real.stat()
    beside = real.parent / FOLDER
    for folder in (spool, beside):
        with contextlib.suppress(OSError):
            link = private_folder(folder) / (name + LINK)
            os.link(real, link)
            return Held(link, link.stat(), copied=False)
    for folder in filter(None, (staging, beside, spool)):
        copy = folder / (name + COPY)
        try:
            private_folder(folder)
            copy_file(real, copy)
        except OSError:
            release(copy)
            continue
        return Held(copy, copy.stat(), copied=True)
    return Held(real, real.stat(), copied=False)


def copy_of(item: QueueItem) -> Path | None:
    """Return the path for the private copy of a queue item; None if nothing was linked."""
    held = Path(item.held)
    if not _is_link(held):
        return None
    staging = item.options.get("staging")
    folder = Path(staging["value"]) if staging else held.parent
    return folder / (held.stem + COPY)


def has_room(copy: Path, size: int) -> bool:
    """Whether, after a copy, the disk would still have as much free space as the copy needs."""
    try:
        return shutil.disk_usage(private_folder(copy.parent)).free >= 2 * size
    except OSError:
        return False


def secure(item: QueueItem) -> None:
    """Replace the link of a waiting queue item by a private copy, if there is enough space for it.

    Raises:
        ArtifactChangedError: The file was rewritten in place after it was queued.
        OSError: The copy cannot be written.
    """
    copy, link = copy_of(item), Path(item.held)
    if copy is None or copy.exists() or not has_room(copy, item.size):
        return
    require_as_handed_over(item)
    partial = copy.with_name(f".{copy.name}.partial")
    with renamed_when_whole(partial, copy):
        copy_file(link, partial)
        require_as_handed_over(item)
    link.unlink(missing_ok=True)


def source_of(item: QueueItem) -> Path:
    """Return the path of the bytes of a queue item: its private copy, else its link or copy."""
    copy = copy_of(item)
    return copy if copy is not None and copy.exists() else Path(item.held)


def require_as_handed_over(item: QueueItem) -> None:
    """Raise if the bytes of a queue item are gone or were rewritten; this cannot happen to a private copy.

    Raises:
        ArtifactError: They are gone.
        ArtifactChangedError: They were rewritten in place.
    """
    source = Path(item.held)
    if not item.run or source_of(item) != source:
        return
    try:
        state = FileState.of(source)
    except OSError:
        raise ArtifactError(
            "file_gone", f"{item.path} is gone", hint="publish the file again from its new place",
            stage="inspect",
        ) from None  # fmt: skip
    if state.lasting != item.state:
        raise ArtifactChangedError(
            "artifact_changed", f"{item.path} was rewritten after it was saved; the new content was not published",
            hint="when the file is complete, run 'rw-hooks publish FILE'", stage="inspect",
        )  # fmt: skip


def is_copy(path: Path) -> bool:
    """Whether this is the name of a copy that was made for a queue item."""
    return path.suffix == COPY and _IDENTITY.fullmatch(path.stem) is not None


def _is_link(path: Path) -> bool:
    return path.suffix == LINK and path.parent.name in {FOLDER, SPOOL} and _IDENTITY.fullmatch(path.stem) is not None


def release(held: Path) -> None:
    """Remove a link or copy that was made for a queue item, and its folder if it is empty; other files stay."""
    if not (_is_link(held) or is_copy(held)):
        return
    with contextlib.suppress(OSError):
        held.unlink(missing_ok=True)
        if held.parent.name == FOLDER:
            held.parent.rmdir()


def sweep(folder: Path, waiting: Collection[str]) -> None:
    """Remove links that belong to no queue item: a trainer died after it made the link.

    A link that is the only name of its bytes stays: it may belong to another state folder, and its file be gone.

    Args:
        folder: The folder with the links.
        waiting: The ids of the queue items that are not published yet.
    """
    if folder.name not in {FOLDER, SPOOL}:
        return
    with contextlib.suppress(OSError):
        for link in folder.glob("*" + LINK):
            status = link.lstat()
            is_old = time.time() - status.st_ctime > _ORPHAN_SECONDS
            if link.stem not in waiting and is_old and status.st_nlink > 1:
                release(link)


def release_item(item: QueueItem, *, but: Path | None = None) -> None:
    """Remove all links and copies of a queue item, except one path and the file itself."""
    if item.held == item.path:
        return
    for path in (Path(item.held), copy_of(item)):
        if path is not None and path != but:
            release(path)
