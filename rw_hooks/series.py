"""Which file names are saves of one training: names that differ in one counter. Standard library only.

``mychara-08, mychara-09, mychara-10`` and ``step_00500, step_01000`` are series; ``red, blue`` and ``style_v1,
style_v2`` are not. A name alone shows its counter where it says so (``epoch3``), or has leading zeros, or five digits
at its end. Any other number (``x-8``, ``mychara8``, a year) counts only when two names differ in it. The time or the
loss in a name is no part of it, and ``style-final`` belongs to the saves ``style-000100``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Place", "counter_title", "find_series", "has_time"]

_MONTH, _DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_STAMP = re.compile(
    rf"[-_. ]?(?<!\d)(?:19|20)\d\d(?:[-_.]{_MONTH}[-_.]{_DAY}|{_MONTH}{_DAY}(?=[-_T ]\d\d))"
    r"(?:[-_T ]\d\d[-_.:]?\d\d(?:[-_.:]?\d\d)?)?(?!\d)"
)
_LOSS = re.compile(r"[-_ ](?:(?:train|val|valid|eval|avg)[-_ ]?)?loss[-_= ]?\d+(?:\.\d+)?(?!\d)", re.IGNORECASE)
_RESULT = re.compile(r"(?:[-_=. ]|(?<![^/]))(?:final|last|best)$", re.IGNORECASE)
_FOLDER = re.compile(r"(checkpoint|epochs?|(?:global[-_]?)?steps?|iter)[-_=]?(\d+)(?:-rolling)?", re.IGNORECASE)
_MOMENT = (
    r"(?:global[-_]?)?steps?|epochs?|iterations?|checkpoint|(?<![a-z])(?:ep|iters?|ckpt)"
    r"|(?<![a-z])save(?=-[\d\0]+-)"  # OneTrainer's counter has three numbers: save-4-1-0
)
_BEFORE = re.compile(rf".*(?:(?:{_MOMENT})[-_=. ]?|(?<![a-z])save(?:-\d+){{0,2}}-)", re.IGNORECASE)
_AFTER = re.compile(r"[-_ ]?(?:steps?|epochs?|iterations?)(?![a-z])", re.IGNORECASE)
_COUNTER = re.compile(
    rf"[-_=. ]?(?:(?:{_MOMENT})[-_=. ]?|(?<![a-z\d])e)?\0(?:-\0)*(?:[-_ ]?(?:steps?|epochs?|iterations?)(?![a-z]))?",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r".*(?:v|(?<![a-z])(?:r|d|rank|dim|alpha|fp|bf|int|lr|bs|seed|res|sd|sdxl|xl|flux|wan|qwen)"
    r"|(?<![a-z])(?:ver|version|rev|rank|dim|alpha|lr|bs|seed|res)[-_=. ]?|\d\.|-of-)",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(?:.*[-_=. ])?e", re.IGNORECASE)
_NO_COUNTER = re.compile(r"\.\d|-of-\d|[a-z]", re.IGNORECASE)
_YEAR = re.compile(rf"(?:19|20)(?!00)\d\d|(?:19|20)\d\d{_MONTH}{_DAY}")
_LONG = 5
_MARK = "\0"


class Place(NamedTuple):
    """The place of a name among the others.

    Attributes:
        series: What all saves of its training have in common: the folder, and the name without the counter.
        title: Its name without the counter.
        shape: Its name with a mark for the counter; only counters in names of one shape can be compared.
        counter: The counter; None if the name has none.
        maybe: Whether later names may show that it has a counter.
    """

    series: str
    title: str
    shape: str = ""
    counter: tuple[int, ...] | None = None
    maybe: bool = False


class _Number(NamedTuple):
    """Digits in a name.

    Attributes:
        match: Where they are.
        sure: Whether the name alone shows that these digits are a counter.
        maybe: Whether they look like a counter, so that later names should be awaited.
    """

    match: re.Match[str]
    sure: bool
    maybe: bool


def counter_title(name: str) -> str | None:
    """Return a file's name without its certain or probable counter; None if it has none."""
    numbers = [number for number in _numbers(name) if number.sure or number.maybe]
    return _place("", name, numbers).title if numbers else None


def has_time(name: str) -> bool:
    """Whether a file's name contains the time of its creation."""
    return _STAMP.search(name) is not None


def find_series(names: Iterable[str]) -> list[Place]:
    """Return the place of each name (a path without suffix) among all of them."""
    listed = list(names)
    readings = {name: _read(name) for name in sorted(set(listed))}
    counted: dict[str, dict[str, Place]] = {}
    for name, options in readings.items():
        for option in options:
            if option.counter is not None:
                counted.setdefault(option.shape, {})[name] = option
    found: dict[str, Place] = {}
    for members in sorted(counted.values(), key=_likeliness, reverse=True):
        left = {name: place for name, place in members.items() if name not in found}
        if len({place.counter for place in left.values()}) > 1:
            found.update(left)
    places = [found.get(name, readings[name][0]) for name in listed]
    counters = {place.series for place in places if place.counter is not None}
    return [_among(place, counters) for place in places]


def _among(place: Place, counters: Collection[str]) -> Place:
    """Return where a name like ``style-final`` stands beside ``style-000100``: with the saves whose result it is."""
    if place.counter is not None or place.series in counters:
        return place
    result = place._replace(series=_RESULT.sub("", place.series), title=_RESULT.sub("", place.title))
    return result if result.series in counters else place


def _likeliness(members: Mapping[str, Place]) -> tuple[int, int, int, str]:
    """Order shapes: the counter is the last number of a name (``style2-10``); then the shape of most names wins."""
    shape = next(iter(members.values())).shape
    behind = len(re.findall(r"\d+", shape.rpartition(_MARK)[2]))
    return -behind, shape.count(_MARK), len({place.counter for place in members.values()}), shape


def _read(name: str) -> list[Place]:
    """Return all ways to read a name: first what it is by itself, then with one of its numbers as the counter."""
    folder, _, text = name.rpartition("/")
    above, _, parent = folder.rpartition("/")
    counted = _FOLDER.fullmatch(parent)
    if counted is not None:
        return [Place(f"{above}/{text}", text, f"{above}/{counted[1]}{_MARK}/{text}", (int(counted[2]),))]
    plain = _LOSS.sub("", _STAMP.sub("", text))
    numbers = list(_numbers(plain))
    sure = [number for number in numbers if number.sure]
    maybe = plain == text and any(number.maybe for number in numbers)
    alone = _place(folder, plain, sure) if sure else Place(f"{folder}/{plain}", plain, maybe=maybe)
    behind = numbers[numbers.index(sure[-1]) + 1 :] if sure else numbers
    return [alone, *(_place(folder, plain, [number]) for number in (*sure, *behind))]


def _numbers(text: str) -> Iterator[_Number]:
    """Yield what may be a counter: not a version (``v2``, ``1.5``), size (``14b``), setting (``rank16``) or part."""
    for match in re.finditer(r"\d+", text):
        before, after = text[: match.start()], text[match.end() :]
        said = bool(_BEFORE.fullmatch(before) or _AFTER.match(after))
        if not said and (_SETTING.fullmatch(before) or _NO_COUNTER.match(after)):
            continue
        apart = not before or before[-1] in "-_=. " or _EPOCH.fullmatch(before) is not None
        at_end = not after and apart and not _YEAR.fullmatch(match[0])
        padded = len(match[0]) > 1 and match[0].startswith("0")
        yield _Number(match, said or padded or (at_end and len(match[0]) >= _LONG), at_end)


def _place(folder: str, text: str, numbers: Sequence[_Number]) -> Place:
    marked = text
    for number in reversed(numbers):
        marked = marked[: number.match.start()] + _MARK + marked[number.match.end() :]
    title = _COUNTER.sub("", marked)
    counter = tuple(int(number.match[0]) for number in numbers)
    return Place(f"{folder}/{title}", title, f"{folder}/{marked}", counter)
