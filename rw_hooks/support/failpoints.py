"""Failpoints: named points around every journal write and every outside effect, where a test may kill the process.

The library itself never sets a trigger; only tests do.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["reach", "set_trigger"]

_trigger: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Report that the code has reached the failpoint of this name."""
    if _trigger is not None:
        _trigger(name)


def set_trigger(trigger: Callable[[str], None] | None) -> None:
    """Set the function that is called with the name of each failpoint; None removes it."""
    global _trigger  # noqa: PLW0603 - one switch for the whole process, set by tests alone
    _trigger = trigger
