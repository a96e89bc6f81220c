"""Which of a run's hand-overs are published, which are superseded, and which have to wait. Standard library only.

Everything that a hook saw saved is handed over at once; what ``which`` asks for is decided here, again and again, from
what lies in the inbox and whether the run goes on. So a trainer that is killed needs to tell nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rw_hooks.queue.inbox import QueueItem

__all__ = ["Sorted", "sort_out"]


@dataclass
class Sorted:
    """What is to be done with hand-overs.

    Attributes:
        due: To be published now.
        superseded: Not to be published, because a better one came.
        undecided: To be kept until the run goes on or is over.
    """

    due: list[QueueItem] = field(default_factory=list[QueueItem])
    superseded: list[QueueItem] = field(default_factory=list[QueueItem])
    undecided: list[QueueItem] = field(default_factory=list[QueueItem])

    def add(self, other: Sorted) -> None:
        """Take the other's hand-overs in."""
        self.due += other.due
        self.superseded += other.superseded
        self.undecided += other.undecided


def sort_out(items: Iterable[QueueItem], is_over: Callable[[str], bool]) -> Sorted:
    """Decide for the hand-overs of all runs.

    Args:
        items: What waits in the inbox.
        is_over: Says of a run's name whether the run is over.
    """
    runs: dict[str, list[QueueItem]] = {}
    for item in items:
        runs.setdefault(item.run, []).append(item)
    result = Sorted(due=runs.pop("", []))
    for run, of_run in runs.items():
        saves = sorted(of_run, key=lambda item: (item.number, item.at))
        result.add(_of_run(saves, over=is_over(run)))
    return result


def _of_run(items: Sequence[QueueItem], *, over: bool) -> Sorted:
    word, _, count = _which(items[-1]).partition(":")
    if word == "all":
        return Sorted(due=list(items))
    if word == "every":
        chosen = [item for item in items if item.final or item.number % int(count) == 0]
        return _split(items, chosen, decided=True)
    if word == "last":
        numbers = sorted({item.number for item in items})[-int(count) :]
        return _split(items, [item for item in _results(items) if item.number in numbers], decided=over)
    if word == "best":
        return _split(items, _best(_results(items)), decided=over)
    return _final(items, over=over)


def _results(items: Sequence[QueueItem]) -> list[QueueItem]:
    """Leave out what was saved together with a final file: the final one is the same state, ready for use."""
    finals = {item.number for item in items if item.final}
    return [item for item in items if item.final or item.number not in finals]


def _final(items: Sequence[QueueItem], *, over: bool) -> Sorted:
    """The final ones are published at once; where none was marked so, the newest when the run is over."""
    finals = [item for item in items if item.final]
    if finals:
        last = max(item.number for item in finals)
        before = [item for item in items if not item.final and item.number <= last]
        after = [item for item in items if not item.final and item.number > last]
        return Sorted(due=finals, superseded=before, undecided=after)
    newest = items[-1].number
    return _split(items, [item for item in items if item.number == newest], decided=over)


def _best(items: Sequence[QueueItem]) -> list[QueueItem]:
    """Return the save with the highest metric; the newest one where no save has any."""
    best = max(items, key=lambda item: (-math.inf if item.metric is None else item.metric, item.number))
    return [item for item in items if item.number == best.number]


def _split(items: Sequence[QueueItem], chosen: Sequence[QueueItem], *, decided: bool) -> Sorted:
    others = [item for item in items if item not in chosen]
    return Sorted(due=list(chosen), superseded=others) if decided else Sorted(undecided=list(chosen), superseded=others)


def _which(item: QueueItem) -> str:
    given = item.options.get("which")
    return str(given["value"]) if given else "final"
