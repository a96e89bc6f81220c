"""Reading single values that trainers write: absent values, numbers, words, names without paths."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import cast

from rw_hooks.facts.model import Fact, Strength

__all__ = [
    "base_name",
    "dig",
    "first",
    "flag",
    "model_name",
    "number",
    "stated",
    "text",
    "whole",
    "without_paths",
    "words",
]

_ABSENT = frozenset({"", "none", "null"})
_TRUE = frozenset({"true", "1", "yes", "on"})
_PATH = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:[\\/]|~/|\\\\|/[^\s,;'\"/]+/)[^\s,;'\"]+")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def text(value: object) -> str | None:
    """Return a text, or None for what trainers write for "nothing": ``None``, ``"None"``, ``""``, ``"null"``."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    shown = str(value).strip()
    return None if shown.lower() in _ABSENT else shown


def number(value: object) -> float | None:
    """Return a finite number, also from a text, or None."""
    shown = text(value)
    try:
        result = float(shown) if shown is not None else math.nan
    except ValueError:
        return None
    return result if math.isfinite(result) else None


def whole(value: object) -> int | None:
    """Return a whole number, also from a text, or None."""
    result = number(value)
    return int(result) if result is not None and result == int(result) else None


def flag(value: object) -> bool:
    """Whether a switch is on, in any spelling that configs use."""
    return value is True or (isinstance(value, (str, int)) and str(value).strip().lower() in _TRUE)


def words(value: object) -> tuple[str, ...]:
    """Return the words of a comma-separated text or a list."""
    listed: object = value.split(",") if isinstance(value, str) else value
    items = cast("Sequence[object]", listed) if isinstance(listed, (list, tuple)) else ()
    return tuple(dict.fromkeys(found for item in items if (found := text(item))))


def base_name(path: str) -> str:
    """Return the last part of a path of any operating system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def without_paths(content: str) -> str:
    """Return a text in which each local path is shortened to its last part."""
    return _PATH.sub(lambda match: base_name(match[0]), content)


def model_name(value: object) -> str | None:
    """Return a base model's name: a Hub repository id unchanged, or the last part of a path."""
    shown = text(value)
    if shown is None or _HUB_ID.fullmatch(shown):
        return shown
    return base_name(shown)


def dig(values: object, *keys: str | int) -> object:
    """Return the value at a path of keys and indices in nested mappings and lists, or None."""
    for key in keys:
        if isinstance(key, int):
            items = cast("Sequence[object]", values) if isinstance(values, list) else ()
            values = items[key] if -len(items) <= key < len(items) else None
        else:
            values = cast("Mapping[str, object]", values).get(key) if isinstance(values, Mapping) else None
    return values


def stated(value: object, source: str, strength: Strength = "stated") -> Fact[str] | None:
    """Return a fact with this text, or None if there is no text."""
    shown = text(value)
    return None if shown is None else Fact(value=shown, source=source, strength=strength)


def first(*facts: Fact[str] | None) -> Fact[str] | None:
    """Return the first fact that is not None."""
    return next((fact for fact in facts if fact is not None), None)
