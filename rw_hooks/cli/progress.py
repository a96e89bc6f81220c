"""Progress for people: bytes while hashing and uploading, phases while Runware works; only on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import PurePath
from typing import Any

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

_LINES_LEFT = 2
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
    names = _Names()
    columns = (
        SpinnerColumn(),
        _Name(names),
        TextColumn("{task.description}", markup=False),
        _OnlyBytes(BarColumn(bar_width=30)),
        _OnlyBytes(DownloadColumn(binary_units=True)),
        _OnlyBytes(TransferSpeedColumn()),
        TimeElapsedColumn(),
    )
    with _Screen(*columns, console=terminal(stderr=True), transient=True, redirect_stdout=False) as progress:
        yield _Bars(progress, names)


class _Names:
    """What the files are called: by as much of their paths as tells them apart."""

    def __init__(self) -> None:
        self._paths: set[PurePath] = set()
        self._lock = threading.Lock()

    def add(self, path: PurePath) -> None:
        """Know one more file."""
        with self._lock:
            self._paths.add(path)

    @property
    def are_several(self) -> bool:
        """Whether there is more than one file."""
        return len(self._paths) > 1

    def of(self, path: PurePath) -> str:
        """Return the shortest end of a path that no other one has."""
        with self._lock:
            others = [other.parts for other in self._paths if other.name == path.name and other != path]
        ends = (path.parts[-length:] for length in range(1, len(path.parts)))
        alone = (end for end in ends if not any(other[-len(end) :] == end for other in others))
        return str(PurePath(*next(alone, path.parts)))


class _Name(ProgressColumn):
    """The name of a file, which may grow when another file of that name comes."""

    def __init__(self, names: _Names) -> None:
        super().__init__()
        self._names = names

    def render(self, task: Task) -> RenderableType:
        return Text(clean(self._names.of(task.fields["path"])), overflow="ellipsis", no_wrap=True)


class _Screen(Progress):
    """As many lines as the terminal has room for: those of files that are worked on, then how many wait."""

    def get_renderables(self) -> Iterable[RenderableType]:
        tasks = sorted(self.tasks, key=lambda task: not task.fields["begun"])
        room = max(self.console.height - _LINES_LEFT, 2) if tasks else 0  # while it is made it has no console yet
        shown = tasks if len(tasks) <= room else tasks[: room - 1]
        yield self.make_tasks_table(shown)
        if len(shown) < len(tasks):
            yield Text(f"  and {len(tasks) - len(shown)} more")


class _OnlyBytes(ProgressColumn):
    """A column that is empty while no bytes are counted."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return self._column(task) if task.fields["counted"] else Text("")


class Onlooker(Silent):
    """Prints what a person should know, and no progress."""

    def note(self, message: str) -> None:
        """Print it."""
        say(f"note:  {message}")

    def paused(self) -> AbstractContextManager[None]:
        """Keep the terminal free for something else while the block runs."""
        return nullcontext()


class _Bars(Onlooker):
    """One line for each file under way; of a file that is alone, one above it for each phase that Runware reported."""

    def __init__(self, progress: Progress, names: _Names) -> None:
        self._progress = progress
        self._names = names

    def start(self, path: str) -> Observer:
        self._names.add(PurePath(path))
        return _Bar(self._progress, self._names, PurePath(path))

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

    def __init__(self, progress: Progress, names: _Names, path: PurePath) -> None:
        self._progress = progress
        self._names = names
        self._path = path
        self._task = progress.add_task("waiting for its turn", total=None, **self._fields(begun=False))

    def stage(self, name: str) -> None:
        """Begin the line anew; the total of the stage before stays in the task, and is not shown."""
        words = clean(_STAGES.get(name, name))
        self._progress.reset(self._task, description=words, **self._fields(begun=True))

    def moved(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total, counted=True)

    def phase(self, status: str, message: str) -> None:
        if self._names.are_several:  # five lines for each of many files would hide what is said of them
            self._progress.update(self._task, description=clean(f"{_STAGES['register']}: {status}"))
        else:
            name = self._names.of(self._path)
            _print(self._progress, f"{name}: {status}: {message}" if message else f"{name}: {status}")

    def note(self, message: str) -> None:
        _print(self._progress, f"note:  {message}")

    def finish(self) -> None:
        self._progress.remove_task(self._task)

    def _fields(self, *, begun: bool) -> dict[str, Any]:
        return {"path": self._path, "begun": begun, "counted": False}


def _print(progress: Progress, message: str) -> None:
    progress.console.print(Text(clean(message)), soft_wrap=True)
