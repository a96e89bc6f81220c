"""Threads for one kind of work, so that one kind never waits for another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ThreadPool", "as_done"]

_LOOK_SECONDS = 0.5

T = TypeVar("T")
R = TypeVar("R")


def as_done(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """Do the work for each item, so many at once, and yield what comes of it as it is done.

    One item is worked on in this very thread. The threads do not keep the process alive: who interrupts it need not
    wait for them.

    Raises:
        BaseException: What the work raised, as soon as it is known.
    """
    if len(items) <= 1 or threads <= 1:
        yield from map(work, items)
        return
    left: queue.SimpleQueue[T] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[R | None, BaseException | None]] = queue.SimpleQueue()
    for item in items:
        left.put(item)
    for _ in range(min(threads, len(items))):
        threading.Thread(target=_work_off, args=(work, left, done), daemon=True).start()
    for _ in items:
        result, error = _next(done)
        if error is not None:
            raise error
        yield result  # type: ignore[misc] # where there is no error there is a result


def _work_off(
    work: Callable[[T], R], left: queue.SimpleQueue[T], done: queue.SimpleQueue[tuple[R | None, BaseException | None]]
) -> None:
    while True:
        try:
            item = left.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((work(item), None))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            done.put((None, error))


def _next(done: queue.SimpleQueue[R]) -> R:
    """Wait for the next one; a wait without end cannot be interrupted on Windows."""
    while True:
        try:
            return done.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue


class ThreadPool:
    """A fixed number of threads, and what they have in hand by name.

    Args:
        threads: How many.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)
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
        return len(self._working()) < self._threads

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begin with work, which must not raise."""
        self._in_hand[name] = self._pool.submit(work)

    def _working(self) -> dict[str, Future[None]]:
        self._in_hand = {name: future for name, future in self._in_hand.items() if not future.done()}
        return self._in_hand
