"""The inspect stage: one pass over the file shows whether it is sound, and what it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rw_hooks.artifact import Inspection, inspect
from rw_hooks.publication.observer import Observer

__all__ = ["inspect_bytes"]


def inspect_bytes(source: Path, placed: Path, observer: Observer, *, copy_to: Path | None = None) -> Inspection:
    """Inspect a file whose bytes may be kept at another place by now.

    Args:
        source: The path of the bytes: a link, a copy, or the file itself.
        placed: The path that the user or the trainer gave; the inspection shows this path.
        observer: Is told how many bytes were read.
        copy_to: Where to write a private copy of exactly the bytes that were hashed.

    Raises:
        ArtifactError: The file cannot be read at all, or it changed while it was read.
        UsageError: There is no such file.
    """
    return replace(inspect(source, progress=observer.moved, copy_to=copy_to, placed=placed), path=str(placed))
