"""Who is told of the progress of a publication."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Observer", "Silent"]


class Observer(Protocol):
    """An object that is told of the progress. Several publications may run at once: each has an observer of its own."""

    def start(self, path: str) -> Observer:
        """Return the observer for one file, which begins or continues now."""
        ...

    def stage(self, name: str) -> None:
        """A stage begins."""
        ...

    def moved(self, done: int, total: int) -> None:
        """``done`` of the stage's ``total`` bytes are done."""
        ...

    def phase(self, status: str, message: str) -> None:
        """Runware reported a phase."""
        ...

    def note(self, message: str) -> None:
        """A person should know this now."""
        ...

    def finish(self) -> None:
        """Nothing more is done for this file in this call."""
        ...


class Silent:
    """An observer that does nothing."""

    def start(self, path: str) -> Observer:
        """Return itself."""
        del path
        return self

    def stage(self, name: str) -> None:
        """Say nothing."""

    def moved(self, done: int, total: int) -> None:
        """Say nothing."""

    def phase(self, status: str, message: str) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""
