"""Text as terminals, JSON and SQLite can hold it. Standard library only."""

from __future__ import annotations

from rw_hooks.errors import UsageError

__all__ = ["printable", "require_printable"]


def printable(path: str) -> str:
    """Return the path as terminals, JSON and SQLite can hold it: bytes of a name that are no UTF-8 are spelled out."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def require_printable(path: str) -> None:
    """Stop where the name of a file is not UTF-8: neither store nor URL nor request could hold it.

    Raises:
        UsageError: It is not.
    """
    if printable(path) != path:
        raise UsageError(
            "name_not_utf8",
            f"the name of {printable(path)} is not UTF-8",
            hint="rename the file, then publish it again",
            stage="inspect",
        )
