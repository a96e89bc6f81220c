"""JSON as serde_json reads it, so that a header is never judged more kindly than by the official library.

Python's own reader takes NaN, lone surrogates, repeated names, negative zero as a whole number and numbers beyond
any float; each of those is closed here. Work and memory are bounded by the bytes at hand: the structure is counted
before it is built.
"""

from __future__ import annotations

import json
import math
from collections import Counter

__all__ = ["Duplicates", "StrictJsonError", "parse"]

_MAX_CONTAINERS = 3_000_000
_MAX_ITEMS = 20_000_000


class StrictJsonError(ValueError):
    """The text is not JSON, or more of it than a header can need."""


class Duplicates(dict[str, object]):
    """An object that held a name more than once; ``names`` says which."""

    names: tuple[str, ...] = ()


def parse(raw: bytes) -> object:
    """Return what the JSON text says.

    An object in which a name was repeated comes back as :class:`Duplicates`. Negative numbers and fractions come
    back as floats: the format has no place for either.

    Raises:
        StrictJsonError: serde_json would refuse it, or it is built to exhaust the reader.
    """
    if raw.count(b"{") + raw.count(b"[") > _MAX_CONTAINERS or raw.count(b",") > _MAX_ITEMS:
        raise StrictJsonError("it has millions of entries")
    try:
        return _DECODER.decode(raw.decode("utf-8"))
    except UnicodeError:
        raise StrictJsonError("it is not UTF-8") from None
    except RecursionError:
        raise StrictJsonError("it is nested too deeply") from None
    except ValueError as error:
        raise StrictJsonError(str(error)) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    for name, value in pairs:
        _require_text(name)
        if isinstance(value, str):
            _require_text(value)
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    repeated = Duplicates(result)
    repeated.names = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return repeated


def _require_text(text: str) -> None:
    if not text.isascii():
        text.encode()  # a lone surrogate raises


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise StrictJsonError("a number is out of range")
    return value


def _whole(text: str) -> int | float:
    longest_u64 = 20
    return int(text) if text[0] != "-" and len(text) <= longest_u64 else _number(text)


def _constant(text: str) -> object:
    raise StrictJsonError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_whole, parse_constant=_constant, strict=True
)
