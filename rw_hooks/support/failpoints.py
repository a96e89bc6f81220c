"""Named points around every journal write and every outside effect, where a test may make the process die.

Nothing in the library ever sets a trigger: only a test that imports this module can.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["reach", "set_trigger"]

_trigger: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Say that the code has come to the point of this name."""
    if _trigger is not None:
        _trigger(name)


def set_trigger(trigger: Callable[[str], None] | None) -> None:
    """Have the trigger called with each point's name; None takes it away."""
    global _trigger  # noqa: PLW0603 - one switch for the whole process, set by tests alone
    _trigger = trigger
