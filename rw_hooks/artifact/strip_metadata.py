"""Writing a copy of a file without some of its metadata; the bytes of the tensors do not change."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from rw_hooks.artifact.checks.privacy import keys_to_strip
from rw_hooks.artifact.model import Finding
from rw_hooks.artifact.read.one_pass import open_file, read_header, require_unchanged
from rw_hooks.errors import ArtifactError
from rw_hooks.support.atomic_file import replacing

__all__ = ["strip_metadata"]

_PIECE = 1 << 20
_ALIGNMENT = 8


def strip_metadata(path: Path | str, destination: Path | str, keys: Iterable[str] | str) -> tuple[str, ...]:
    """Write a copy without the named metadata and return the keys that were left out.

    The bytes behind the header are copied unchanged, so AutoV3 stays the same while sha256 and AutoV2 change. The
    copy is private (mode 0600) and appears under its name only when it is complete.

    Args:
        path: The file, which is not touched.
        destination: Where to write the copy; its folder must exist.
        keys: Metadata keys, or ``private`` for all keys that reveal paths, people, data or tokens.

    Raises:
        UsageError: There is no such file.
        ArtifactError: It is not a sound safetensors file.
        ArtifactChangedError: It was rewritten meanwhile.
    """
    path, destination = Path(path), Path(destination)
    with open_file(path) as file:
        header = read_header(file)
        if isinstance(header, Finding):
            raise ArtifactError(header.code, f"{path}: {header.message}", hint=f"see: rw-hooks inspect {path}")
        removed = keys_to_strip(header.metadata, keys.split(",") if isinstance(keys, str) else keys)
        raw = _without(file.raw_header, removed)
        with replacing(destination, durable=True) as out:
            require_unchanged(file, header.data_start + _write(out, raw, file.descriptor))
    return removed


def _without(raw: bytes, removed: tuple[str, ...]) -> bytes:
    """Return the header without the keys, padded as the library pads it."""
    entries: dict[str, Any] = json.loads(raw)
    metadata: dict[str, str] = entries.pop("__metadata__", None) or {}
    kept = {key: value for key, value in metadata.items() if key not in removed}
    if kept:
        entries = {"__metadata__": kept, **entries}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    return text + b" " * (-len(text) % _ALIGNMENT)


def _write(target: IO[bytes], header: bytes, source: int) -> int:
    """Write header and data, and return how many bytes the data is long."""
    copied = 0
    target.write(len(header).to_bytes(8, "little") + header)
    while piece := os.read(source, _PIECE):
        copied += target.write(piece)
    return copied
