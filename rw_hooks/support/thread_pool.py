"""Threads for one kind of work, so that one kind never waits for another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ThreadPool", "many_at_once"]

_POLL_SECONDS = 0.5

T = TypeVar("T")
R = TypeVar("R")


def many_at_once(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """Do the work for each item, so many at once, and yield the results in their order.

    One item is done in the calling thread. The threads do not keep the process alive, so an interruption need not wait
    for them. If this ends early, because of an error or because the caller stops, they begin no further item.

    Raises:
        BaseException: The exception of an item, when its turn has come.
    """
    if len(items) <= 1 or threads <= 1:
        yield from map(work, items)
        return
    ends: list[Future[R]] = [Future() for _ in items]
    left: queue.SimpleQueue[tuple[Future[R], T]] = queue.SimpleQueue()
    for entry in zip(ends, items, strict=True):
        left.put(entry)
    for _ in range(min(threads, len(items))):
        threading.Thread(target=_work_off, args=(work, left), daemon=True).start()
    try:
        for end in ends:
            yield _waited(end)
    finally:
        _empty(left)


def _empty(left: queue.SimpleQueue[Any]) -> None:
    with suppress(queue.Empty):
        while True:
            left.get_nowait()


def _work_off(work: Callable[[T], R], left: queue.SimpleQueue[tuple[Future[R], T]]) -> None:
    while True:
        try:
            end, item = left.get_nowait()
        except queue.Empty:
            return
        try:
            end.set_result(work(item))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            end.set_exception(error)


def _waited(end: Future[R]) -> R:
    """Wait for one result, with time limits, because an endless wait cannot be interrupted on Windows."""
    while not end.done():
        wait([end], timeout=_POLL_SECONDS)
    return end.result()


class ThreadPool:
    """A fixed number of threads, and the names of the work that they do.

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
        """Whether work of this name is running."""
        return name in self._working()

    @property
    def is_busy(self) -> bool:
        """Whether any work is running."""
        return bool(self._working())

    @property
    def is_free(self) -> bool:
        """Whether a thread is free."""
        return len(self._working()) < self._threads

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Start work, which must not raise."""
        self._in_hand[name] = self._pool.submit(work)

    def _working(self) -> dict[str, Future[None]]:
        self._in_hand = {name: future for name, future in self._in_hand.items() if not future.done()}
        return self._in_hand
