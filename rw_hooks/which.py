"""Which saves of a training are published: the one rule for a folder, a hook, ``run`` and ``watch``.

Pure, and standard library only: a hook calls it in the trainer's process. ``docs/training.md`` says the rule in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from rw_hooks.series import Place, find_series

__all__ = ["Choice", "Save", "choose"]

_Key = tuple[float, ...]


@dataclass(frozen=True)
class Save:
    """One saved file.

    Attributes:
        key: What the caller knows it by.
        number: Which save of its run it is, from 1; files of one moment are one save. 0 where nobody counted (a
            folder): then step, epoch and name tell the order.
        step: Training step, where known.
        epoch: Training epoch, where known.
        metric: What ``best`` compares; higher is better.
        final: Whether the trainer meant it as a result.
        name: The file's path without suffix, where names tell which saves belong together; empty where all saves are
            known to be of one training.
        role: The rank of what the file is within its save: of several, the lowest is published.
    """

    key: Hashable
    number: int = 0
    step: int | None = None
    epoch: int | None = None
    metric: float | None = None
    final: bool = False
    name: str = ""
    role: int = 0


@dataclass(frozen=True)
class Choice:
    """What is to be done with each save; every save is in exactly one of the three.

    Attributes:
        publish: To be published now.
        superseded: Not to be published.
        undecided: To be kept until the run goes on or is over; empty when it is over.
        unsure: Whether nothing says which of several unrelated files is the result; ``publish`` has the newest of each.
        notes: What a person should know of the choice.
    """

    publish: tuple[Save, ...] = ()
    superseded: tuple[Save, ...] = ()
    undecided: tuple[Save, ...] = ()
    unsure: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class _Entry:
    """A save, and what the other saves tell about it."""

    save: Save
    place: Place
    final: bool
    metric: float | None
    number: int = 0

    @property
    def age(self) -> tuple[bool, int]:
        """The greatest is the newest; a final save is newer than any other."""
        return self.final, self.number


@dataclass
class _Decision:
    """Entries that are decided; what is wanted and not decided yet waits for the end of the run."""

    decided: list[_Entry] = field(default_factory=list[_Entry])
    wanted: list[_Entry] = field(default_factory=list[_Entry])
    unsure: bool = False
    notes: tuple[str, ...] = ()


def choose(saves: Iterable[Save], which: str, *, over: bool, apart: bool = False) -> Choice:
    """Choose what is published of the saves so far.

    Args:
        saves: The saves, in any order that is the same for the same saves.
        which: ``final``, ``all``, ``every:N``, ``last:K`` or ``best``.
        over: Whether the run is over, so that no save can follow.
        apart: Whether each series of names is a training of its own, as in a folder that is watched.
    """
    entries = _entries(list(saves), over=over)
    word, _, text = which.partition(":")
    count = max(int(text), 1) if text.isdecimal() else 1
    first = min((entry.save.role for entry in entries), default=0)
    line = entries if word == "all" else [entry for entry in entries if entry.save.role == first]
    decision = _decide(line, word, count, apart=apart)
    decided = [*decision.decided, *(decision.wanted if over else ())]
    undecided = [] if over else decision.wanted
    accounted = {id(entry) for entry in (*decided, *undecided)}
    return Choice(
        publish=_saves(decided),
        superseded=_saves(entry for entry in entries if id(entry) not in accounted),
        undecided=_saves(undecided),
        unsure=decision.unsure,
        notes=decision.notes,
    )


def _saves(entries: Iterable[_Entry]) -> tuple[Save, ...]:
    return tuple(entry.save for entry in sorted(entries, key=lambda entry: entry.age))


def _decide(line: list[_Entry], word: str, count: int, *, apart: bool) -> _Decision:
    if not line or word == "all":
        return _Decision(decided=line)
    if word == "every":
        return _Decision(decided=[entry for entry in line if entry.final or entry.number % count == 0])
    if word == "last":
        return _Decision(wanted=_newest(_represented(line), count))
    if word == "best":
        return _best(_represented(line))
    return _final(line, apart=apart)


def _final(line: list[_Entry], *, apart: bool) -> _Decision:
    """The final ones, and where none is or what follows the last of them, the newest when the run is over."""
    series = _by(line, lambda entry: entry.place.series)
    if not apart and any(entry.final for entry in line):
        series = [line]
    decision = _Decision(unsure=len(series) > 1 and not apart)
    for members in series:
        finals = [entry for entry in members if entry.final]
        last = max((entry.number for entry in finals), default=0)
        decision.decided += finals
        decision.wanted += _newest([entry for entry in members if not entry.final and entry.number > last], 1)
    return decision


def _best(line: list[_Entry]) -> _Decision:
    """The highest metric, of equals the newest; without any metric the newest: at hour 10 there is nobody to ask."""
    best = max(line, key=lambda entry: (-math.inf if entry.metric is None else entry.metric, *entry.age))
    note = "no save has a metric, so the newest is published instead of the best; give metric=... to on_save"
    notes = (note,) if all(entry.metric is None for entry in line) else ()
    return _Decision(wanted=[entry for entry in line if entry.age == best.age], notes=notes)


def _newest(line: Sequence[_Entry], count: int) -> list[_Entry]:
    """Return the files of the newest saves."""
    ages = sorted({entry.age for entry in line})[-count:]
    return [entry for entry in line if entry.age in ages]


def _represented(line: list[_Entry]) -> list[_Entry]:
    """Leave out each save whose state a final file has too, and give that file its metric."""
    kept = [entry for entry in line if entry.final]
    for entry in (entry for entry in line if not entry.final):
        twins = [final for final in kept if final.final and _same_state(entry, final)]
        for final in twins:
            final.metric = entry.metric if final.metric is None else final.metric
        if not twins:
            kept.append(entry)
    return kept


def _same_state(one: _Entry, other: _Entry) -> bool:
    if one.place.title != other.place.title:
        return False
    pairs = [(one.save.step, other.save.step), (one.save.epoch, other.save.epoch)]
    known = [left == right for left, right in pairs if left is not None and right is not None]
    return one.number == other.number or (bool(known) and all(known))


def _entries(saves: list[Save], *, over: bool) -> list[_Entry]:
    places = find_series(save.name for save in saves)
    entries = [
        _Entry(save, place, save.final, _number_or_none(save.metric)) for save, place in zip(saves, places, strict=True)
    ]
    series = _by(entries, lambda entry: entry.place.series)
    for members in series:
        _find_finals(members, over=over)
    _count([entry for entry in entries if not entry.save.number])
    for entry in entries:
        entry.number = entry.number or entry.save.number
    for members in series:
        _order_by_counter(members)
    return sorted(entries, key=lambda entry: entry.age)


def _number_or_none(metric: float | None) -> float | None:
    return None if metric is None or math.isnan(metric) else metric


def _find_finals(members: list[_Entry], *, over: bool) -> None:
    """Say which members of a series are final: of those with a counter at most the newest, and beside none without one.

    Readers that do not know a trainer's counter take each of its saves for a result.
    """
    counted = [entry for entry in members if entry.final and entry.place.counter is not None]
    if not over:
        counted += [entry for entry in members if entry.final and entry.place.maybe]
    result = any(entry.final and entry.place.counter is None for entry in members)
    newest = max(counted, key=_moment(counted)) if counted and over and not result else None
    for entry in counted:
        entry.final = entry is newest


def _moment(members: Sequence[_Entry]) -> Callable[[_Entry], _Key]:
    """Return what orders the saves of one series: the counter where they share one, else what is known beside."""
    if len({entry.place.shape for entry in members}) == 1:
        return lambda entry: (*(entry.place.counter or ()), entry.save.number)
    return lambda entry: (entry.save.number, *_when(entry))


def _when(entry: _Entry) -> _Key:
    step, epoch = entry.save.step, entry.save.epoch
    return math.inf if step is None else step, math.inf if epoch is None else epoch


def _count(entries: list[_Entry]) -> None:
    """Number what nobody counted: the final ones after all others; saves of one step and epoch are one."""
    known: dict[tuple[int | None, int | None], int] = {}
    number = 0
    for entry in sorted(entries, key=lambda entry: (entry.final, *_when(entry))):
        moment = (entry.save.step, entry.save.epoch)
        number += entry.final or moment not in known
        entry.number = number if entry.final else known.get(moment, number)
        if not entry.final and moment != (None, None):
            known[moment] = number


def _order_by_counter(members: list[_Entry]) -> None:
    """Let the counter of the names decide the order in which the saves of a series stand."""
    counted = [entry for entry in members if entry.place.counter is not None and not entry.final]
    if len({entry.place.shape for entry in counted}) != 1:
        return
    numbers = sorted(entry.number for entry in counted)
    for entry, number in zip(sorted(counted, key=_moment(counted)), numbers, strict=True):
        entry.number = number


def _by(entries: Iterable[_Entry], name: Callable[[_Entry], str]) -> list[list[_Entry]]:
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(name(entry), []).append(entry)
    return list(groups.values())
