"""The results of the stages of one publication; each is validated once per process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter

from rw_hooks.artifact.model import Inspection
from rw_hooks.describe import Description, WireValue
from rw_hooks.hosts import Location
from rw_hooks.publication.model import StageName
from rw_hooks.publication.receipt import Receipt
from rw_hooks.publication.store import Result

__all__ = ["Registered", "Results", "Value", "as_result"]

Value = Inspection | BaseModel
"""The result of a stage."""

V = TypeVar("V", bound="Inspection | BaseModel")

_INSPECTION = TypeAdapter(Inspection)
_DESCRIPTION = TypeAdapter(Description)
_LOCATION = TypeAdapter(Location)


class Registered(BaseModel):
    """The result of the register stage: what Runware reported, and what was sent.

    Attributes:
        air: The AIR, as Runware returned it.
        transport: ``ws`` or ``rest``.
        phases: ``status`` and ``at`` of each phase.
        fields: The request's fields by wire name.
        url: The URL from which Runware fetched the file, without any signed part.
    """

    air: str
    transport: str
    phases: tuple[dict[str, str], ...]
    fields: dict[str, WireValue]
    url: str


_REGISTERED = TypeAdapter(Registered)
_RECEIPT = TypeAdapter(Receipt)


class Results:
    """What the stages have produced.

    Args:
        stored: The results as the store has them.
        known: Results that this process has produced or validated already.
    """

    def __init__(self, stored: Mapping[StageName, Result], known: Mapping[StageName, Value] | None = None) -> None:
        self.stored = dict(stored)
        self._known = dict(known or {})

    def __contains__(self, stage: StageName) -> bool:
        return stage in self.stored

    @property
    def inspection(self) -> Inspection:
        """What the inspect stage produced."""
        return self._value("inspect", _INSPECTION)

    @property
    def description(self) -> Description:
        """What the describe stage produced."""
        return self._value("describe", _DESCRIPTION)

    @property
    def location(self) -> Location:
        """What the host stage produced."""
        return self._value("host", _LOCATION)

    @property
    def registered(self) -> Registered:
        """What the register stage produced."""
        return self._value("register", _REGISTERED)

    @property
    def receipt(self) -> Receipt:
        """What the settle stage produced."""
        return self._value("settle", _RECEIPT)

    @property
    def seconds(self) -> dict[str, float]:
        """How long each stage took."""
        return {stage: round(result.seconds, 3) for stage, result in self.stored.items()}

    def having(self, stage: StageName, value: Value, seconds: float) -> Results:
        """Return these results and another one."""
        stored: dict[StageName, Result] = {**self.stored, stage: as_result(value, seconds)}
        known: dict[StageName, Value] = {**self._known, stage: value}
        return Results(stored, known)

    def without(self, stages: Collection[StageName]) -> Results:
        """Return these results without some."""
        left: dict[StageName, Result] = {stage: result for stage, result in self.stored.items() if stage not in stages}
        return Results(left, {stage: value for stage, value in self._known.items() if stage in left})

    def including(self, others: Mapping[StageName, Result]) -> Results:
        """Return these results together with others, as a store keeps them."""
        stored: dict[StageName, Result] = {**self.stored, **others}
        return Results(stored, {stage: value for stage, value in self._known.items() if stage not in others})

    def _value(self, stage: StageName, kind: TypeAdapter[V]) -> V:
        if stage not in self._known:
            self._known[stage] = kind.validate_python(self.stored[stage].value)
        return cast("V", self._known[stage])


def as_result(value: Value, seconds: float) -> Result:
    """Return a stage's value as a store keeps it."""
    shown = value.as_json() if isinstance(value, Inspection) else value.model_dump(mode="json")
    return Result(cast("Mapping[str, Any]", shown), seconds)
