"""The options of ``publish``, ``explain`` and ``update`` as flags, made from the one table of options."""

from __future__ import annotations

from dataclasses import field, fields, make_dataclass
from typing import Annotated, Any, TypeVar, cast

from cyclopts import Group, Parameter

from rw_hooks.config.options import OPTIONS, Option

__all__ = ["Concurrency", "Flags", "Options"]

T = TypeVar("T")

_SENT = Group("What is sent", sort_key=1)
_DONE = Group("How it is done", sort_key=2)
_TYPES = {"boolean": bool | None, "words": list[str] | None, "names": list[str] | None}


def _with_the_table(kind: type[T]) -> type[T]:
    """Return the class with one field for every option."""
    made = make_dataclass(
        kind.__name__, [(entry.name, _annotation(entry), field(default=None)) for entry in OPTIONS.values()],
        bases=(kind,), namespace={"__module__": kind.__module__}, frozen=True, kw_only=True,
    )  # fmt: skip
    return cast("type[T]", made)


def _annotation(entry: Option) -> Any:  # noqa: ANN401 - a type made at run time has no type of its own
    default = f" Default: {entry.default}." if entry.default else ""
    choices = f" One of: {', '.join(entry.choices)}." if entry.choices else ""
    parameter = Parameter(
        name=entry.flag,
        help=entry.help + choices + default,
        group=_SENT if entry.wire else _DONE,
        negative=None if entry.kind == "boolean" else "",
        allow_leading_hyphen=entry.kind in {"integer", "number"},
    )
    return Annotated[_TYPES.get(entry.kind, str | None), parameter]


@_with_the_table
class Flags:
    """The options of the command line; their values are checked in ``settings``, where all sources are joined."""

    def given(self) -> dict[str, object]:
        """Return the given options by name; a list option may be repeated, and may contain commas."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(cast("Any", self))}
        return {name: _joined(value) for name, value in values.items() if value is not None}


def _joined(value: object) -> object:
    return ",".join(cast("list[str]", value)) if isinstance(value, list) else value


Options = Annotated[Flags, Parameter(name="*")]

Concurrency = Annotated[str | None, Parameter(name="--concurrency", help=OPTIONS["concurrency"].help)]
"""The only option of commands that continue publications, because each publication has its options already."""
