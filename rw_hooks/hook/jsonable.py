"""Converting a trainer's values to JSON: its numbers may be numpy's or torch's. Standard library only."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

__all__ = ["jsonable", "number_or_none"]

_LOG = logging.getLogger("rw_hooks.hook")

N = TypeVar("N", int, float)


def number_or_none(kind: Callable[[Any], N], value: object) -> N | None:
    """Return the value as a number, or None if it is not one (or is NaN). It never raises, so that no save is lost."""
    try:
        number = None if value is None else kind(value)
        return None if number is None or math.isnan(number) else number
    except (TypeError, ValueError, OverflowError):
        return None


def jsonable(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as JSON values: numbers of numpy and torch as numbers, anything else as text.

    A value that cannot be converted, such as one that contains itself, is dropped with a warning.
    """
    found: dict[str, Any] = {}
    left_out: list[str] = []
    for name, value in facts.items():
        try:
            found[str(name)] = json.loads(json.dumps(value, default=_jsonable_value))
        except Exception as error:  # noqa: BLE001 - a trainer's own object may raise anything
            left_out.append(f"{name} ({type(error).__name__})")
    if left_out:
        _LOG.warning(
            "rw-hooks: these facts are ignored, because they cannot be written as JSON: %s", ", ".join(left_out)
        )
    return found


def _jsonable_value(value: Any) -> Any:  # noqa: ANN401 - whatever a trainer has
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, cast("set[object]", value)))
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return str(value)
