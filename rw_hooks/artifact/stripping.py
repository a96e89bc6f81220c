"""Writing a copy of a file without some of its metadata; the tensors' bytes stay as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rw_hooks.artifact.model import Finding
from rw_hooks.artifact.privacy import keys_to_strip
from rw_hooks.artifact.reading import open_file, read_header
from rw_hooks.errors import ArtifactChangedError, ArtifactError

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
        keys: Metadata keys, or ``private`` for all that tell of paths, people, data or tokens.

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
        temporary = destination.with_name(destination.name + ".part")
        try:
            _write(temporary, raw, file.descriptor)
            _require_complete(path, temporary, 8 + len(raw) + file.size - header.data_start)
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
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


def _write(target: Path, header: bytes, descriptor: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(target, flags, 0o600), "wb") as out:
        out.write(len(header).to_bytes(8, "little") + header)
        while piece := os.read(descriptor, _PIECE):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def _require_complete(path: Path, copy: Path, size: int) -> None:
    if copy.stat().st_size != size:
        message = f"{path} was rewritten while it was being copied"
        raise ArtifactChangedError("artifact_changed", message, hint="try again once the trainer is done with it")
