"""Threads for one kind of work, so that one kind never waits for another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ThreadPool"]


class ThreadPool:
    """A fixed number of threads, and what they have in hand by name.

    Args:
        hands: How many threads.
    """

    def __init__(self, hands: int) -> None:
        self._hands = hands
        self._pool = ThreadPoolExecutor(hands)
        self._in_hand: dict[str, Future[None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def has(self, name: str) -> bool:
        """Whether work of this name is in hand."""
        return name in self._working()

    @property
    def is_busy(self) -> bool:
        """Whether anything is in hand."""
        return bool(self._working())

    @property
    def is_free(self) -> bool:
        """Whether a thread is free."""
        return len(self._working()) < self._hands

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begin with work, which must not raise."""
        self._in_hand[name] = self._pool.submit(work)

    def _working(self) -> dict[str, Future[None]]:
        self._in_hand = {name: future for name, future in self._in_hand.items() if not future.done()}
        return self._in_hand
