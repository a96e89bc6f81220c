"""Which of a run's queue items are published, which are superseded, and which have to wait. Standard library only.

A hook queues every save at once. Which of them are published is decided by the rule of :mod:`rw_hooks.which`, again and
again, from the items in the inbox and from whether the run still lasts. So a killed trainer needs to tell nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rw_hooks.queue.inbox import QueueItem
from rw_hooks.which import Save, choose

__all__ = ["Sorted", "sort_out"]


@dataclass
class Sorted:
    """What happens with queue items.

    Attributes:
        due: To be published now.
        superseded: Not to be published, because a better one came.
        undecided: To be kept until the run continues or ends.
        notes: What a person should know about the choice, when it is final.
    """

    due: list[QueueItem] = field(default_factory=list[QueueItem])
    superseded: list[QueueItem] = field(default_factory=list[QueueItem])
    undecided: list[QueueItem] = field(default_factory=list[QueueItem])
    notes: list[str] = field(default_factory=list[str])

    def add(self, other: Sorted) -> None:
        """Add the items of another one."""
        self.due += other.due
        self.superseded += other.superseded
        self.undecided += other.undecided
        self.notes += other.notes


def sort_out(items: Iterable[QueueItem], is_over: Callable[[str], bool]) -> Sorted:
    """Decide for the queue items of all runs.

    Args:
        items: What waits in the inbox.
        is_over: Returns for a run's id whether the run is over.
    """
    runs: dict[str, list[QueueItem]] = {}
    for item in items:
        runs.setdefault(item.run, []).append(item)
    result = Sorted(due=runs.pop("", []))
    for run, of_run in runs.items():
        saves = sorted(of_run, key=lambda item: (item.number, item.at))
        result.add(_of_run(saves, over=is_over(run)))
    return result


def _as_save(item: QueueItem) -> Save:
    name = Path(item.path).with_suffix("").as_posix() if item.by_name else ""
    return Save(item.id, item.number, item.step, item.epoch, item.metric, item.final, name)


def _which_of(item: QueueItem) -> str:
    given = item.options.get("which")
    return str(given["value"]) if given else "final"


def _of_run(items: Sequence[QueueItem], *, over: bool) -> Sorted:
    apart = any(item.by_name for item in items)
    choice = choose(map(_as_save, items), _which_of(items[-1]), over=over, apart=apart)
    known = {item.id: item for item in items}
    publish, superseded, undecided = (
        [known[str(save.key)] for save in saves] for saves in (choice.publish, choice.superseded, choice.undecided)
    )
    notes = [f"{publish[-1].path}: {note}" for note in choice.notes if over]
    return Sorted(publish, superseded, undecided, notes)
