"""What is known of every publication, and the protocol of the place that knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rw_hooks.errors import JournalError
from rw_hooks.publication.model import Status

__all__ = ["UNREAD", "JournalError", "Key", "Result", "Row"]


UNREAD = "unread:"
"""Stands, with the hand-over's id behind it, for the sha256 of a file that was never read."""


@dataclass(frozen=True)
class Key:
    """What makes two publications the same: these bytes, asked for under this AIR, at this endpoint, for this account.

    Attributes:
        sha256: Of the file.
        asked_air: ``source:id@version``, ``source:id``, or empty when none was asked for.
        endpoint: Runware's REST endpoint.
        account: The fingerprint of the key; two keys known to be of one organisation count as one.
    """

    sha256: str
    asked_air: str
    endpoint: str
    account: str


@dataclass(frozen=True)
class Row:
    """One publication as the journal has it.

    Attributes:
        live: Whether the platform has said that it holds these bytes under this AIR, ready for use.
    """

    id: str
    key: Key
    path: str
    held: str
    status: Status
    air: str | None
    live: bool
    options: Mapping[str, Any]
    facts: Mapping[str, Any]
    error: dict[str, Any] | None
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Result:
    """What a stage produced, and how long it took in seconds."""

    value: dict[str, Any]
    seconds: float
