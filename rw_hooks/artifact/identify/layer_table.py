"""Whose layers they are: compares the layers of a file with those of the published models in ``layers.txt``.

A model fits when it has every layer of the file, at the file's sizes as far as the shapes tell them. All that fit
stay possible; one whose every block the file has beats those of which it has some.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

__all__ = ["Fit", "Place", "compare", "cover"]

_NUMBER = re.compile(r"(?<![^_])\d+(?![^_])")
_DIGITS = re.compile(r"\d")
_RANGE = re.compile(r"(?<![^_])(\d+)(?:-(\d+))?(?![^_])")
_LETTERS = re.compile(r"\[(\w+)\]")
_EXPLAINED = 0.75
_COVERED = 0.9
_FEW_BLOCKS = 2
_UNET_MIDDLE = "mid"


class Place(NamedTuple):
    """A layer of a file.

    Attributes:
        path: With underscores, as in ``layers.txt``.
        inputs: None where the shapes do not tell.
        outputs: None where the shapes do not tell.
    """

    path: str
    inputs: int | None
    outputs: int | None


@dataclass(frozen=True)
class Fit:
    """Which models a file's layers fit.

    Attributes:
        families: Of the models that fit; empty when none does.
        reasons: In words, for ``--explain``.
    """

    families: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class _Layer(NamedTuple):
    """Layers of one model that differ in their numbers only."""

    model: int
    ranges: tuple[tuple[int, int], ...]
    inputs: int
    taps: int
    outputs: int

    def holds(self, numbers: tuple[int, ...]) -> bool:
        return all(low <= number <= high for number, (low, high) in zip(numbers, self.ranges, strict=True))

    def fits(self, numbers: tuple[int, ...], place: Place) -> bool:
        inputs = {None, self.inputs, self.inputs * self.taps}
        return place.inputs in inputs and place.outputs in {None, self.outputs} and self.holds(numbers)


@dataclass
class _Model:
    family: str
    title: str
    shadowed: bool
    places: dict[str, set[tuple[tuple[int, int], ...]]] = field(default_factory=lambda: defaultdict(set))

    def count(self, kind: str) -> int:
        """How many layers of this kind it has."""
        return sum(map(_size, self.places[kind]))

    @property
    def size(self) -> int:
        """How many layers it has."""
        return sum(map(self.count, self.places))

    @property
    def lists(self) -> set[str]:
        """The names of its lists of blocks, which are plural; a UNet's middle is none."""
        last: dict[str, int] = defaultdict(int)
        for kind, places in self.places.items():
            for ranges in filter(None, places):
                last[_list(kind)] = max(last[_list(kind)], ranges[0][1])
        return {name for name, number in last.items() if number >= _FEW_BLOCKS and _is_list(name)}


@dataclass
class _Atlas:
    models: list[_Model]
    layers: dict[str, list[_Layer]]


def compare(places: Iterable[Place]) -> Fit | None:
    """Return which models have all these layers; None when no model has layers of such names."""
    places = list(places)
    atlas = _atlas(frozenset(_head(place.path) for place in places))
    found: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    possible, known, unknown = set(range(len(atlas.models))), 0, 0
    telling = ""
    for place in places:
        kind, numbers = _kind(place.path)
        layers = atlas.layers.get(kind)
        if layers is None:
            unknown += 1
            continue
        known += 1
        found[kind].add(numbers)
        fitting = {layer.model for layer in layers if layer.fits(numbers, place)}
        if not possible <= fitting:
            possible &= fitting
            telling = _in_words(place)
    if not known:
        return None
    if not possible or known < _EXPLAINED * (known + unknown):
        return Fit()
    return _fit(atlas, sorted(possible), found, telling)


def cover(places: Iterable[Place]) -> Fit | None:
    """Return which models these layers make up, nearly all of the model and of the layers whose names are known."""
    places = list(places)
    atlas = _atlas(frozenset(_head(place.path) for place in places))
    if not atlas.models:
        return None
    known = 0
    matched: dict[int, int] = defaultdict(int)
    for place in places:
        kind, numbers = _kind(place.path)
        layers = atlas.layers.get(kind, ())
        known += any(layer.holds(numbers) for layer in layers)
        for model in {layer.model for layer in layers if layer.fits(numbers, place)}:
            matched[model] += 1
    whole = {
        model: number for model, number in matched.items() if number >= _COVERED * max(known, atlas.models[model].size)
    }
    if not whole:
        return None
    best = [atlas.models[model] for model, number in whole.items() if number == max(whole.values())]
    families = tuple(dict.fromkeys(model.family for model in _best_known(best)))
    return Fit(families, (f"{max(whole.values())} layers make up {' or '.join(model.title for model in best)}",))


def _fit(atlas: _Atlas, possible: list[int], found: dict[str, set[tuple[int, ...]]], telling: str) -> Fit:
    models = [atlas.models[index] for index in possible]
    whole = [model for model in models if _is_whole(model, models, found)]
    chosen = _best_known(whole) or _best_known(models)
    families = tuple(dict.fromkeys(model.family for model in chosen))
    titles = " or ".join(model.title for model in chosen)
    return Fit(families, (f"{sum(map(len, found.values()))} layers are those of {titles}", f"among them {telling}"))


def _best_known(models: list[_Model]) -> list[_Model]:
    return [model for model in models if not model.shadowed] or models


def _is_whole(model: _Model, rivals: list[_Model], found: dict[str, set[tuple[int, ...]]]) -> bool:
    """Whether the file has all blocks of the model, as far as it adapts layers of such kinds at all.

    A list of blocks that a rival has too must be among them: five of FLUX.1's blocks are not the whole of a model that
    has five blocks of this kind and others beside.
    """
    if any(len(numbers) != model.count(kind) for kind, numbers in found.items()):
        return False
    lists = {_list(kind) for kind in found} & model.lists
    others = {name for rival in rivals if rival.family != model.family for name in rival.lists}
    return bool(lists) and model.lists & others <= lists


def _is_list(name: str) -> bool:
    return name.endswith("s") and not name.startswith(_UNET_MIDDLE)


def _list(kind: str) -> str:
    return kind.partition("_#")[0]


def _kind(path: str) -> tuple[str, tuple[int, ...]]:
    return _NUMBER.sub("#", path.replace("#", "?")), tuple(map(int, _NUMBER.findall(path)))


def _in_words(place: Place) -> str:
    sizes = (str(size) if size else "?" for size in (place.inputs, place.outputs))
    return f"{place.path} {'>'.join(sizes)}"


def _head(path: str) -> str:
    """The part of a name before the first number: the name of the list of blocks."""
    return _DIGITS.split(path, maxsplit=1)[0]


@lru_cache(maxsize=4)
def _atlas(heads: frozenset[str]) -> _Atlas:
    """Read the models that have blocks of such names; reading all would take longer than the rest of an inspection."""
    atlas = _Atlas([], defaultdict(list))
    for section in _sections():
        title, *lines = section.rstrip("\n").split("\n")
        if any(_head(line.partition(": ")[0]) in heads for line in lines):
            family, _, name = title.removeprefix("~").partition("] ")
            atlas.models.append(_Model(family, name, title.startswith("~")))
            for line in lines:
                _add(atlas, line)
    return atlas


@cache
def _sections() -> tuple[str, ...]:
    """The models' parts of the table, read once; those of shadowed models are marked with a tilde."""
    common, _, shadowed = Path(__file__).with_name("layers.txt").read_text(encoding="utf-8").partition("\n==")
    return (*common.split("\n[")[1:], *(f"~{section}" for section in shadowed.split("\n[")[1:]))


def _add(atlas: _Atlas, line: str) -> None:
    place, _, rest = line.partition(": ")
    before = "" if place == "." else f"{place}_"
    start, numbers = _ranges(before)
    index = len(atlas.models) - 1
    model = atlas.models[index]
    for group in rest.split(", "):
        *names, size = group.split(" ")
        inputs, _, outputs = size.partition(">")
        width, _, taps = inputs.partition("x")
        for name in names:
            for end, more in _spelled_out(name):
                kind, ranges = start + end, numbers + more
                layer = _Layer(index, ranges, int(width), int(taps or 1), int(outputs))
                atlas.layers[kind].append(layer)
                model.places[kind].add(ranges)


@cache
def _spelled_out(name: str) -> tuple[tuple[str, tuple[tuple[int, int], ...]], ...]:
    pieces = _LETTERS.split(name)
    choices = [list(piece) if number % 2 else [piece] for number, piece in enumerate(pieces)]
    return tuple(_ranges("".join(chosen)) for chosen in product(*choices))


def _ranges(path: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    ranges = tuple((int(low), int(high or low)) for low, high in _RANGE.findall(path))
    return _RANGE.sub("#", path), ranges


def _size(ranges: tuple[tuple[int, int], ...]) -> int:
    return math.prod(high - low + 1 for low, high in ranges)
