"""Progress for people: bytes while hashing and uploading, phases while Runware works; only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from rw_hooks.cli.show import clean, say, terminal
from rw_hooks.publication.observer import Observer, Silent

__all__ = ["Onlooker", "watching"]

_STAGES = {
    "inspect": "reading and hashing",
    "describe": "describing",
    "host": "uploading",
    "preflight": "checking the URL",
    "register": "registering at Runware",
    "settle": "writing the receipt",
}


@contextmanager
def watching(*, silent: bool = False) -> Generator[Onlooker]:
    """Show progress on standard error while the block runs, if it is a terminal and ``silent`` is not set."""
    if silent or not sys.stderr.isatty():
        yield Onlooker()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        _OnlyBytes(BarColumn(bar_width=30)),
        _OnlyBytes(DownloadColumn(binary_units=True)),
        _OnlyBytes(TransferSpeedColumn()),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal(stderr=True), transient=True, redirect_stdout=False) as progress:
        yield _Bars(progress)


class _OnlyBytes(ProgressColumn):
    """A column that is empty while no bytes are counted."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return self._column(task) if task.total else Text("")


class Onlooker(Silent):
    """Prints what a person should know, and no progress."""

    def note(self, message: str) -> None:
        """Print it."""
        say(f"note:  {message}")

    def paused(self) -> AbstractContextManager[None]:
        """Keep the terminal free for something else while the block runs."""
        return nullcontext()


class _Bars(Onlooker):
    """One line for each file under way, and one above them for each phase that the platform reported."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def start(self, path: str) -> Observer:
        return _Bar(self._progress, Path(path).name)

    def note(self, message: str) -> None:
        _print(self._progress, f"note:  {message}")

    @contextmanager
    def paused(self) -> Generator[None]:
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class _Bar(Silent):
    """The line of one file."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name
        self._task = progress.add_task(clean(f"{name}  starting"), total=None)

    def stage(self, name: str) -> None:
        self._progress.reset(self._task, total=None, description=clean(f"{self._name}  {_STAGES.get(name, name)}"))

    def moved(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def phase(self, status: str, message: str) -> None:
        _print(self._progress, f"{self._name}: {status}: {message}" if message else f"{self._name}: {status}")

    def note(self, message: str) -> None:
        _print(self._progress, f"note:  {message}")

    def finish(self) -> None:
        self._progress.remove_task(self._task)


def _print(progress: Progress, message: str) -> None:
    progress.console.print(Text(clean(message)), soft_wrap=True)
