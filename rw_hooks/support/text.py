"""Text as terminals, JSON and SQLite can hold it. Standard library only."""

from __future__ import annotations

__all__ = ["printable"]


def printable(path: str) -> str:
    """Return the path as terminals, JSON and SQLite can hold it: bytes of a name that are no UTF-8 are spelled out."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
