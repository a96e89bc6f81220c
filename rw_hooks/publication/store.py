"""The records of publications, and the protocol of the store that keeps them, so that an engine may have its own.

A store keeps rows (one for each publication), the results of their stages, what was sent to Runware, secret URLs that
the user gave, and accounts. Every change survives a kill of the process; a durable change also survives a power loss. A
store decides nothing: :mod:`rw_hooks.publication.policy` decides what a publication becomes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from rw_hooks.errors import JournalError
from rw_hooks.publication.model import StageName, Status
from rw_hooks.support.deadline import Deadline

__all__ = ["Change", "Enrolment", "JournalError", "Key", "Result", "Row", "Store"]


@dataclass(frozen=True)
class Key:
    """What makes two publications the same: the same bytes, requested AIR, endpoint and account.

    Attributes:
        sha256: The file's sha256; empty for a file that was never read, which is not the same as any other.
        asked_air: The requested AIR: ``source:id@version``, ``source:id``, or empty.
        endpoint: Runware's REST endpoint.
        account: The fingerprint of the API key; two keys that are known to be of one organisation count as one.
    """

    sha256: str
    asked_air: str
    endpoint: str
    account: str


@dataclass(frozen=True)
class Row:
    """One publication as the store has it.

    Attributes:
        id: Its id.
        key: What makes it the same as another.
        path: The file as the user or the trainer named it.
        held: Where its bytes are.
        status: Its status.
        air: Its AIR, or None.
        live: Whether Runware has reported that it has these bytes under this AIR, ready for use.
        asked: How often it was requested since a process began with it; 0 if there is no new request.
        options: The options of the request.
        facts: What the caller said about the run, and the trainer's arguments.
        error: Why it stopped, or None.
        expires_at: The end of its time, ISO 8601 in UTC, or None if it has not begun.
        machine: The machine that has the bytes.
        created_at: ISO 8601 in UTC.
        updated_at: ISO 8601 in UTC.
    """

    id: str
    key: Key
    path: str
    held: str
    status: Status
    air: str | None
    live: bool
    asked: int
    options: Mapping[str, Any]
    facts: Mapping[str, Any]
    error: dict[str, Any] | None
    expires_at: str | None
    machine: str
    created_at: str
    updated_at: str

    @property
    def was_read(self) -> bool:
        """Whether the file was ever read."""
        return bool(self.key.sha256)


@dataclass(frozen=True)
class Result:
    """The result of a stage as JSON, and how long the stage took, in seconds."""

    value: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class Change:
    """One change of a publication's state. It is applied completely or not at all.

    Attributes:
        status: The new status; None leaves it as it is. ``ready`` makes the row live, and supersedes another row that
            was live under its AIR. ``ready`` and ``cancelled`` delete its submission.
        only_from: The statuses in which this change applies; None for any. In another status nothing changes.
        error: Why it stopped; used only together with a status.
        air: Its new AIR.
        results: Results to store.
        forget: The stages whose results are deleted.
        forget_submission: Whether the submission is deleted, so that the next attempt begins with a new task.
        secrets: Secret URLs by option. A row that is over, and not requested again, keeps none.
        begun: How many of the requests this change begins with. A request that came meanwhile stays.
        expires_at: The new end of its time; None leaves it as it is.
    """

    status: Status | None = None
    only_from: Collection[Status] | None = None
    error: Mapping[str, Any] | None = None
    air: str | None = None
    results: Mapping[StageName, Result] = field(default_factory=dict["StageName", "Result"])
    forget: Collection[StageName] = ()
    forget_submission: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    begun: int = 0
    expires_at: str | None = None


@dataclass(frozen=True)
class Enrolment:
    """A file to be published.

    Attributes:
        id: The id of its row, if the row is new.
        key: The key of its publication.
        path: The file as the user or the trainer named it.
        held: Where its bytes are.
        machine: The machine that has the bytes.
        options: The options, without the secret parts of URLs.
        facts: What the caller said about the run.
        change: The first change of a new row: the inspection, and the failure if the file must not be published.
    """

    id: str
    key: Key
    path: str
    held: str
    machine: str
    options: Mapping[str, Any]
    facts: Mapping[str, Any]
    change: Change


class Store(Protocol):
    """The place where publications are stored. Safe to share between threads; every change is atomic."""

    def enroll(self, enrolment: Enrolment) -> Row:
        """Return the publication of this key; create it if there is none, else update its path, options and facts.

        It counts as requested until somebody begins with it.
        """
        ...

    def get(self, identity: str) -> Row:
        """Return the publication of this id.

        Raises:
            KeyError: There is none.
        """
        ...

    def find(self, key: Key) -> Row | None:
        """Return the publication of this key, or of another API key of the same account; None if there is none."""
        ...

    def rows(self) -> list[Row]:
        """Return all publications, oldest first."""
        ...

    def holders(self, endpoint: str, air: str) -> list[Row]:
        """Return the publications that were given this AIR at this endpoint, oldest first."""
        ...

    def airs(self, endpoint: str, prefix: str) -> list[str]:
        """Return all AIRs given to publications at this endpoint that begin with ``source:id@``."""
        ...

    def apply(self, identity: str, change: Change, *, durable: bool = True) -> Row:
        """Apply one change, and return the publication after it.

        Args:
            identity: The publication.
            change: The change.
            durable: Whether it must survive a power loss. A result that is cheap to produce again need not.
        """
        ...

    def allocate_air(self, identity: str, prefix: str, *, listed: Collection[str], remembered: str | None) -> str:
        """Return the AIR of this publication.

        If it has none, give it one that no other publication at its endpoint has.

        Args:
            identity: The publication.
            prefix: ``source:id@``.
            listed: The AIRs under it that Runware lists.
            remembered: The AIR that a receipt has for exactly this file, or None.
        """
        ...

    def results(self, identity: str) -> dict[StageName, Result]:
        """Return what the stages have produced so far."""
        ...

    def submission(self, identity: str) -> dict[str, Any] | None:
        """Return what is stored of the current submission, or None."""
        ...

    def save_submission(self, identity: str, value: Mapping[str, Any], *, durable: bool) -> None:
        """Store what will be sent, or what Runware reported since."""
        ...

    def secrets(self, identity: str) -> dict[str, str]:
        """Return the stored secret URLs by option."""
        ...

    def remember_account(self, endpoint: str, account: str, organization: str | None, air_source: str | None) -> None:
        """Store what Runware said about the account of a key."""
        ...

    def same_account(self, endpoint: str, account: str) -> set[str]:
        """Return the fingerprints of all keys known to be of this key's organisation, its own included."""
        ...

    def lock(self, name: str, deadline: Deadline) -> AbstractContextManager[None]:
        """Hold the lock of this name while the block runs; wait if another process or thread holds it.

        Raises:
            UnreachableError: Another process still holds it at the deadline.
        """
        ...
