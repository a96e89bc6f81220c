"""Who is told of the progress of a publication."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Observer", "Silent"]


class Observer(Protocol):
    """What is told of progress. Several publications may be under way at once: each has an observer of its own."""

    def start(self, path: str) -> Observer:
        """Return the observer of one file, which is begun with or gone on with now."""
        ...

    def stage(self, name: str) -> None:
        """A stage begins."""
        ...

    def moved(self, done: int, total: int) -> None:
        """So many bytes of the stage's total are done."""
        ...

    def phase(self, status: str, message: str) -> None:
        """The platform reported a phase."""
        ...

    def note(self, message: str) -> None:
        """Something a person would like to know now."""
        ...

    def finish(self) -> None:
        """Nothing more is done for this file in this call."""
        ...


class Silent:
    """Is told everything and says nothing."""

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
