"""The inspect stage: one pass over the bytes says whether the file is sound, and what it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rw_hooks.artifact import Inspection, inspect
from rw_hooks.publication.observer import Observer

__all__ = ["inspect_bytes"]


def inspect_bytes(source: Path, placed: Path, observer: Observer, *, copy_to: Path | None = None) -> Inspection:
    """Inspect the bytes of a file that may lie elsewhere by now.

    Args:
        source: Where the bytes are: a link, a copy, or the file itself.
        placed: The file as the user or the trainer named it; the inspection speaks of this one.
        observer: Told of the bytes that were read.
        copy_to: Where to put a private copy of exactly the bytes that were hashed.

    Raises:
        ArtifactError: The file cannot be read as a file at all, or changed while it was read.
        UsageError: There is no such file.
    """
    return replace(inspect(source, progress=observer.moved, copy_to=copy_to, placed=placed), path=str(placed))
