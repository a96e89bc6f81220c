"""Which saves of a training are published: the one rule for a folder, a hook, ``run`` and ``watch``.

Without side effects, and standard library only, because a hook calls it in the trainer's process. The rule is explained
in ``docs/training.md``.
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
        key: The caller's name for it.
        number: The number of the save in its run, from 1; files that were written together are one save. 0 if nobody
            counted (a folder): then step, epoch and name give the order.
        step: Training step, if known.
        epoch: Training epoch, if known.
        metric: The score that ``best`` compares; higher is better.
        final: Whether the trainer marked it as a result.
        name: The file's path without suffix, if names show which saves belong together; empty if all saves are known to
            be of one training.
        role: The rank of the file within its save: of several files, the one with the lowest rank is published.
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
    """What happens with each save; every save is in exactly one of the first three lists.

    Attributes:
        publish: To be published now.
        superseded: Not to be published.
        undecided: To be kept until the run continues or ends; empty when it has ended.
        unsure: Whether nothing shows which of several unrelated files is the result; ``publish`` has the newest of
            each.
        notes: What a person should know about the choice.
    """

    publish: tuple[Save, ...] = ()
    superseded: tuple[Save, ...] = ()
    undecided: tuple[Save, ...] = ()
    unsure: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class _Entry:
    """A save, and what the other saves show about it."""

    save: Save
    place: Place
    final: bool
    metric: float | None
    number: int = 0

    @property
    def age(self) -> tuple[bool, int]:
        """The order of the saves: the greatest is the newest, and a final save is newer than any other."""
        return self.final, self.number


@dataclass
class _Decision:
    """The entries to publish now (``decided``) and those to publish when the run ends (``wanted``)."""

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
        apart: Whether each series of names is a training of its own, as in a watched folder.
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
    """Choose the final saves; when the run is over, also the newest save that is not followed by a final one."""
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
    """Choose the highest metric, and the newest of equal ones.

    Without any metric the newest, since nobody can be asked.
    """
    best = max(line, key=lambda entry: (-math.inf if entry.metric is None else entry.metric, *entry.age))
    note = "no save has a metric, so the newest is published instead of the best; give metric=... to on_save"
    notes = (note,) if all(entry.metric is None for entry in line) else ()
    return _Decision(wanted=[entry for entry in line if entry.age == best.age], notes=notes)


def _newest(line: Sequence[_Entry], count: int) -> list[_Entry]:
    """Return the files of the newest saves."""
    ages = sorted({entry.age for entry in line})[-count:]
    return [entry for entry in line if entry.age in ages]


def _represented(line: list[_Entry]) -> list[_Entry]:
    """Drop each save whose weights are also in a final file, and give its metric to that file."""
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
    """Correct which members of a series are final: one with a counter only if it is the newest and all have one.

    This is needed because readers that do not know a trainer's counter mark each of its saves as a result.
    """
    counted = [entry for entry in members if entry.final and entry.place.counter is not None]
    if not over:
        counted += [entry for entry in members if entry.final and entry.place.maybe]
    result = any(entry.final and entry.place.counter is None for entry in members)
    newest = max(counted, key=_moment(counted)) if counted and over and not result else None
    for entry in counted:
        entry.final = entry is newest


def _moment(members: Sequence[_Entry]) -> Callable[[_Entry], _Key]:
    """Return the key that orders the saves of one series: the common counter if there is one, else step and epoch."""
    if len({entry.place.shape for entry in members}) == 1:
        return lambda entry: (*(entry.place.counter or ()), entry.save.number)
    return lambda entry: (entry.save.number, *_when(entry))


def _when(entry: _Entry) -> _Key:
    step, epoch = entry.save.step, entry.save.epoch
    return math.inf if step is None else step, math.inf if epoch is None else epoch


def _count(entries: list[_Entry]) -> None:
    """Number the saves that nobody counted: final saves after all others; files of one step and epoch are one save."""
    known: dict[tuple[int | None, int | None], int] = {}
    number = 0
    for entry in sorted(entries, key=lambda entry: (entry.final, *_when(entry))):
        moment = (entry.save.step, entry.save.epoch)
        number += entry.final or moment not in known
        entry.number = number if entry.final else known.get(moment, number)
        if not entry.final and moment != (None, None):
            known[moment] = number


def _order_by_counter(members: list[_Entry]) -> None:
    """Order the saves of a series by the counter in their names."""
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
