"""The file host's rules: which file a path names, and which bytes of it a request wants.

Nothing outside the folder is served, whatever the path or a symbolic link says; no hidden file, and no listing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Span", "etag_of", "file_at", "span_of"]

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes; 0 or less when the file has none there."""
        return self.end - self.start


def file_at(folder: Path, target: str) -> Path | None:
    """Return the file that a request target names; None when there is none to be served."""
    parts = unquote(urlsplit(target).path).split("/")[1:]
    if any(part in {"", ".", ".."} or part.startswith(".") or set(part) & set("\\:\0") for part in parts):
        return None
    try:
        path = folder.joinpath(*parts).resolve(strict=True)
    except (OSError, ValueError):
        return None
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None


def etag_of(path: Path) -> str:
    """Return a tag that changes with the file."""
    stat = path.stat()
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'


def span_of(header: str | None, size: int) -> Span | None:
    """Return the span that a ``Range`` header asks for; None when it asks for none, for several, or unclearly."""
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return Span(max(0, size - int(last)), size)
    return Span(int(first), min(int(last) + 1, size) if last else size)
