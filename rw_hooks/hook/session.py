"""One run of the trainer in this process: which saves there were, and the lock that says that it goes on.

Standard library only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from rw_hooks.queue.inbox import QueueItem
from rw_hooks.support.file_state import FileState
from rw_hooks.support.process_lock import ProcessLock

__all__ = ["Session"]


@dataclass
class Session:
    """One run of the trainer in this process.

    Attributes:
        run: Its id.
        process_lock: The lock that is held as long as the run lasts.
        process: The process id that started the run: a forked process starts its own run.
        saves: How many saves there were.
        occasion: Step and epoch of the newest save.
        numbers: The number of the save of each file.
        waiting: The undecided items, if there is no worker, each with its file in the inbox.
    """

    run: str
    process_lock: ProcessLock
    process: int = field(default_factory=os.getpid)
    saves: int = 0
    occasion: tuple[int | None, int | None] = (None, None)
    waiting: list[tuple[QueueItem, Path]] = field(default_factory=list[tuple[QueueItem, Path]])
    numbers: dict[FileState, int] = field(default_factory=dict[FileState, int])

    def number(self, file: Path, occasion: tuple[int | None, int | None], *, final: bool) -> int:
        """Return the number of a save: files of one step and epoch are one save.

        A save that becomes final keeps its number.
        """
        state = FileState.of(file)
        if final and state in self.numbers:
            return self.numbers[state]
        if occasion == (None, None) or occasion != self.occasion:
            self.saves += 1
        self.occasion = occasion
        self.numbers[state] = self.saves
        return self.saves
