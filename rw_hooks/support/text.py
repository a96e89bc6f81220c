"""Text that terminals, JSON and SQLite accept. Standard library only."""

from __future__ import annotations

from rw_hooks.errors import UsageError

__all__ = ["printable", "require_printable"]


def printable(path: str) -> str:
    """Return the path as text that terminals, JSON and SQLite accept: bytes that are not UTF-8 are escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def require_printable(path: str) -> None:
    """Raise if the name of a file is not UTF-8, because store, URL and request cannot contain it.

    Raises:
        UsageError: The name is not UTF-8.
    """
    if printable(path) != path:
        raise UsageError(
            "name_not_utf8",
            f"the name of {printable(path)} is not UTF-8",
            hint="rename the file, then publish it again",
            stage="inspect",
        )
