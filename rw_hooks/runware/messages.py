"""What a text from Runware says, as typed events.

Frames and REST bodies have one grammar: ``{"data": [items]}``, ``{"errors": [...]}``, or both, with older shapes of
errors beside them. Whatever comes is read as far as it can be and never trusted: unknown parts are skipped, texts are
shortened, and secret parts of URLs removed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from rw_hooks.support.redact import redact

__all__ = [
    "Accepted",
    "AccountDetails",
    "Authenticated",
    "Event",
    "Fault",
    "Found",
    "Pong",
    "Status",
    "Stored",
    "clean",
    "parse",
]

_ITEMS_MOST = 1_000
_TEXT_MOST = 2_000
_BALANCE_KEYS = ("balance", "amount", "current", "available", "total", "value", "credits")
_READ_LATER = frozenset({"processing", "success"})


@dataclass(frozen=True)
class Status:
    """A status of an upload.

    Attributes:
        task: The taskUUID in lower case, or None when the frame names none.
        status: The platform's word.
        message: Its explanation, or empty.
        air: The AIR, or None.
    """

    task: str | None
    status: str
    message: str = ""
    air: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the model is deployed."""
        return self.status.lower() == "ready"

    @property
    def failed(self) -> bool:
        """Whether the upload is over without a model: ``failed``, or the family of ``error downloading``."""
        return self.status.lower() == "failed" or "error" in self.status.lower()

    @property
    def is_phase(self) -> bool:
        """Whether this is word of the upload; ``getResponse`` says ``processing`` and ``success`` of any task."""
        return self.status.lower() not in _READ_LATER


@dataclass(frozen=True)
class Fault:
    """An error, in whichever envelope it came, or one that the transport met.

    Attributes:
        task: The taskUUID in lower case, or None when the frame names none (or ``N/A``).
        code: The platform's code, or empty.
        message: Its words.
        task_type: The kind of task it is about, or empty.
        parameters: The request's fields concerned.
        allowed: The values that the field may have.
        more: ``min``, ``max``, ``multiplier`` and ``documentation``, where given.
        http_status: Of a REST answer, or None.
        retry_after: Seconds that the platform asks to wait, or None.
    """

    task: str | None = None
    code: str = ""
    message: str = ""
    task_type: str = ""
    parameters: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    http_status: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True)
class Authenticated:
    """The key was taken; ``session`` is what a later connection resumes, or None where the answer lacks it."""

    session: str | None


@dataclass(frozen=True)
class Pong:
    """The answer to a ping."""


@dataclass(frozen=True)
class Accepted:
    """A bare acknowledgement of an upload."""

    task: str | None


@dataclass(frozen=True)
class Found:
    """A page of ``modelSearch``: items as they came, without what is no object, and the number of all matches."""

    items: tuple[Mapping[str, Any], ...]
    total: int | None


@dataclass(frozen=True)
class AccountDetails:
    """What ``accountManagement`` shows of the account; team members and keys are not even read."""

    air_source: str | None
    balance: float | None
    organization: str | None


@dataclass(frozen=True)
class Stored:
    """Where an image that was given to ``mediaStorage`` can be seen, or None where an older API does not tell."""

    url: str | None


Event = Status | Fault | Authenticated | Pong | Accepted | Found | AccountDetails | Stored


def parse(text: str | bytes) -> tuple[Event, ...] | None:
    """Read one frame or REST body.

    Returns:
        The events in it, errors first; None when the text is not JSON at all.
    """
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    body = cast("dict[str, Any]", document) if isinstance(document, dict) else {"data": document}
    return (*_faults(body), *(event for item in _objects(body.get("data")) for event in _item(item)))


def _faults(body: Mapping[str, Any]) -> Iterator[Fault]:
    if body.get("errorMessage") or body.get("errorId") is not None:
        yield _fault({"code": "", "message": body.get("errorMessage")}, body)
        return
    for envelope in ("errors", "error"):
        for error in _several(body.get(envelope)):
            if isinstance(error, dict):
                yield _fault(cast("dict[str, Any]", error), body)
            elif isinstance(error, str):
                yield _fault({"message": error}, body)


def _item(item: Mapping[str, Any]) -> Iterator[Event]:
    kind = clean(item.get("taskType"))
    task = _task(item)
    status = clean(item.get("status"))
    error = item.get("error")
    if isinstance(error, (dict, str)) and error:
        yield _fault(cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": error}, item)
    elif item.get("code") and not status:
        yield _fault(item, item)
    elif kind == "authentication":
        yield Authenticated(clean(item.get("connectionSessionUUID")) or None)
    elif kind == "ping" or "pong" in item:
        yield Pong()
    elif isinstance(item.get("results"), list) or kind == "modelSearch":
        yield Found(tuple(_objects(item.get("results"))), _count(item.get("totalResults")))
    elif kind == "accountManagement":
        yield _account(item)
    elif kind == "mediaStorage":
        yield Stored(clean(item.get("mediaURL")) or None)
    elif status and kind in {"", "modelUpload", "getResponse"}:
        yield Status(task, status, clean(item.get("message")), clean(item.get("air")) or None)
    elif kind == "modelUpload" and not status:
        yield Accepted(task)


def _fault(error: Mapping[str, Any], around: Mapping[str, Any]) -> Fault:
    return Fault(
        task=_task(error) or _task(around),
        code=clean(error.get("code")),
        message=clean(error.get("message")),
        task_type=clean(error.get("taskType")) or clean(around.get("taskType")),
        parameters=_texts(error.get("parameter")),
        allowed=_texts(error.get("allowedValues")),
        more=tuple((key, clean(error[key])) for key in ("min", "max", "multiplier", "documentation") if key in error),
    )


def _account(item: Mapping[str, Any]) -> AccountDetails:
    return AccountDetails(
        air_source=clean(item.get("AIRSource") or item.get("airSource")) or None,
        balance=_amount(item.get("balance")),
        organization=clean(item.get("organizationUUID")) or clean(item.get("organizationName")) or None,
    )


def _amount(value: object) -> float | None:
    """Read a balance: one client of Runware's decodes a number, the other an object."""
    if isinstance(value, dict):
        amounts = cast("dict[str, object]", value)
        named = [amounts[key] for key in _BALANCE_KEYS if key in amounts]
        return next((number for number in map(_number, named or amounts.values()) if number is not None), None)
    return _number(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _task(item: Mapping[str, Any]) -> str | None:
    text = clean(item.get("taskUUID")).lower()
    return None if text in {"", "n/a"} else text


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in map(clean, _several(value)) if text)


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (cast("dict[str, Any]", item) for item in _several(value) if isinstance(item, dict))


def _several(value: object) -> list[object]:
    return cast("list[object]", value)[:_ITEMS_MOST] if isinstance(value, list) else [value]


def clean(value: object) -> str:
    """Return a value of the platform as text that can be shown and stored: short, printable, without secrets."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    text = str(value)[:_TEXT_MOST]
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return redact(printable).strip()
