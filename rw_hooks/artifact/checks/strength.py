"""Rank and alpha of an adapter, in one number each: the most frequent where layers differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from rw_hooks.artifact.identify.adapters import Adapter

if TYPE_CHECKING:
    from rw_hooks.artifact.read.numbers import Contents

__all__ = ["common_alpha", "common_rank"]

T = TypeVar("T", int, float)


def common_rank(adapter: Adapter) -> int | None:
    """Return the most frequent rank."""
    return _most_frequent(layer.rank for layer in adapter.layers.values())


def common_alpha(adapter: Adapter, contents: Mapping[str, Contents]) -> float | None:
    """Return the most frequent alpha; None where the file has none or was not read."""
    held = (layer.alpha for layer in adapter.layers.values())
    return _most_frequent(contents[alpha.name].value for alpha in held if alpha is not None and alpha.name in contents)


def _most_frequent(values: Iterable[T | None]) -> T | None:
    counts = Counter(value for value in values if value is not None)
    return counts.most_common(1)[0][0] if counts else None
