"""Who looks on while a publication goes its way."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Observer", "Silent"]


class Observer(Protocol):
    """What the engine tells of its progress; calls come from one thread a publication."""

    def start(self, path: str) -> None:
        """A file's journey begins (or goes on)."""
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


class Silent:
    """Looks on and says nothing."""

    def start(self, path: str) -> None:
        """Say nothing."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def moved(self, done: int, total: int) -> None:
        """Say nothing."""

    def phase(self, status: str, message: str) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""
