"""How a signature is matched: what is in a file, and the small words that the tables of signatures are written in.

A fact about base weights is one text, as the format reference writes it: ``label_emb.0.0.weight [_, 2816]``. The name
stands without prefix; ``*`` is anything and ``#`` any number; ``_`` is any size, ``|`` separates sizes that will do. A
fact about adapter layers is a pattern of their paths with the input widths (``<-``) and output widths (``->``) that
will do: ``blocks_#_ffn_0 <- 1536|5120``; ``#`` is any number, ``?`` a width that the shapes do not tell.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from rw_hooks.artifact.identify.adapters import DENOISER, Layer

__all__ = ["Layers", "Names", "Signature", "first_match"]

Fact = str | tuple[str, ...]
Shape = tuple[int, ...]
Sizes = frozenset[int | None]


class Signature(NamedTuple):
    """One row of a table.

    Attributes:
        answer: What a match says: a family or several, separated by ``|``, or a code.
        has: Facts that must all hold; a tuple among them holds alternatives.
        lacks: Facts of which none may hold.
    """

    answer: str
    has: tuple[Fact, ...]
    lacks: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers that it leaves possible; none when the answer is empty."""
        return tuple(filter(None, self.answer.split("|")))

    @property
    def why(self) -> tuple[str, ...]:
        """Its facts in words, for ``--explain``."""
        held = (fact if isinstance(fact, str) else " or ".join(fact) for fact in self.has)
        return (*held, *(f"no {fact}" for fact in self.lacks))


class Names:
    """The tensors of a file by name, for facts about base weights."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes
        self._sorted = sorted(shapes)

    def under(self, prefix: str) -> Names:
        """Return those below a prefix, without it."""
        if not prefix:
            return self
        return Names({name[len(prefix) :]: self.shapes[name] for name in self.starting(prefix)})

    def starting(self, prefix: str) -> list[str]:
        """Return the names that start so."""
        first = bisect_left(self._sorted, prefix)
        last = first
        while last < len(self._sorted) and self._sorted[last].startswith(prefix):
            last += 1
        return self._sorted[first:last]

    def holds(self, fact: str) -> bool:
        """Whether the fact is true of these tensors."""
        name, sizes = _base_fact(fact)
        if "*" not in name and "#" not in name:
            return name in self.shapes and _fits(self.shapes[name], sizes)
        beginning = re.split(r"[*#]", name, maxsplit=1)[0]
        pattern = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\#", r"\d+"))
        return any(pattern.fullmatch(item) for item in self.starting(beginning))


class Layers:
    """The layers that an adapter adapts, for facts about them; those of text encoders are named ``te1:path``."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._layers = [
            (layer.path if layer.part == DENOISER else f"{layer.part}:{layer.path}", layer.width, layer.outputs)
            for layer in layers
        ]

    def holds(self, fact: str) -> bool:
        """Whether the fact is true of at least one layer."""
        pattern, widths, outputs = _layer_fact(fact)
        return any(
            (not widths or width in widths) and (not outputs or out in outputs) and pattern.fullmatch(path)
            for path, width, out in self._layers
        )


def first_match(table: Sequence[Signature], subject: Names | Layers) -> Signature | None:
    """Return the first row of the table that is true of the subject."""
    return next((row for row in table if _matches(row, subject)), None)


def _matches(row: Signature, subject: Names | Layers) -> bool:
    return all(_either(fact, subject) for fact in row.has) and not any(map(subject.holds, row.lacks))


def _either(fact: Fact, subject: Names | Layers) -> bool:
    return subject.holds(fact) if isinstance(fact, str) else any(map(subject.holds, fact))


def _fits(shape: Shape, sizes: tuple[Sizes, ...] | None) -> bool:
    if sizes is None:
        return True
    return len(shape) == len(sizes) and all(
        not wanted or size in wanted for size, wanted in zip(shape, sizes, strict=True)
    )


@cache
def _base_fact(fact: str) -> tuple[str, tuple[Sizes, ...] | None]:
    name, bracket, sizes = fact.partition(" [")
    return name, tuple(_sizes(size) for size in sizes.rstrip("]").split(",")) if bracket else None


@cache
def _layer_fact(fact: str) -> tuple[re.Pattern[str], Sizes, Sizes]:
    rest, _, outputs = fact.partition(" -> ")
    path, _, widths = rest.partition(" <- ")
    return re.compile(path.replace("#", r"\d+")), _sizes(widths), _sizes(outputs)


def _sizes(text: str) -> Sizes:
    """Return the allowed sizes; empty if all are allowed. ``?`` means a size that the shapes do not show."""
    text = text.strip()
    if text in {"", "_"}:
        return frozenset()
    return frozenset(None if size == "?" else int(size) for size in text.split("|"))
