"""What is known of every publication, and the place that knows it: a protocol, so that an engine may bring its own.

A store keeps rows (a publication each), the results of their stages, what was sent to Runware, secret URLs that the
user gave, and accounts. Whatever it changes is there after a kill; what its caller calls durable also after a power
loss. It holds no policy: what a publication becomes is decided in :mod:`rw_hooks.publication.policy`.
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
    """What makes two publications the same: these bytes, asked for under this AIR, at this endpoint, for this account.

    Attributes:
        sha256: Of the file; empty for a file that was never read, which is the same as no other.
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
    """One publication as the store has it.

    Attributes:
        id: Its name.
        key: What makes it the same as another.
        path: The file as the user or the trainer named it.
        held: Where its bytes are.
        status: How it stands.
        air: The AIR that it was given, or None.
        live: Whether the platform has said that it holds these bytes under this AIR, ready for use.
        asked: How often it was asked for since somebody began with it; 0 where nothing new is asked.
        options: The options it was asked for with.
        facts: What the caller said of the run, and the trainer's arguments.
        error: Why it stopped, or None.
        expires_at: When the time for it is over, ISO 8601 in UTC, or None where nobody has said.
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
    """What a stage produced, as JSON has it, and how long it took in seconds."""

    value: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class Change:
    """One step of a publication from one state to the next. It is done as a whole or not at all.

    Attributes:
        status: The new status; None leaves it as it is. ``ready`` makes the row live and supersedes any other that was
            live under its AIR. What is ready or cancelled keeps no submission.
        only_from: The statuses from which this step can be taken; None for any. From another one nothing changes.
        error: Why it stopped; taken only together with a status.
        air: The AIR that it is given.
        results: What holds from now on.
        forget: The stages whose results hold no longer.
        forget_submission: Whether the next attempt begins with a task of its own.
        secrets: Secret URLs by option. What is ready, cancelled or superseded, and not asked for again, keeps none.
        begun: How many of the times that it was asked for are taken up by this step. What is asked for meanwhile stays.
        expires_at: When the time for it is over; None leaves that as it is.
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
    """A file that is to be published.

    Attributes:
        id: The name that its row gets where it is a new one.
        key: Which publication it is.
        path: The file as the user or the trainer named it.
        held: Where its bytes are.
        machine: The machine that has them.
        options: The options, without the secret parts of URLs.
        facts: What the caller said of the run.
        change: What holds of it from the beginning: the inspection, and its end where the file is a bad one.
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
    """Where publications are known. Safe to share between threads; every change is atomic."""

    def enroll(self, enrolment: Enrolment) -> Row:
        """Return the publication of this key, made when there is none; an older one learns path, options and facts.

        It counts as asked for until somebody begins with it.
        """
        ...

    def get(self, identity: str) -> Row:
        """Return the publication of this id.

        Raises:
            KeyError: There is none.
        """
        ...

    def find(self, key: Key) -> Row | None:
        """Return the publication of this key, or of another key of the same account; None where there is none."""
        ...

    def rows(self) -> list[Row]:
        """Return all publications, oldest first."""
        ...

    def holders(self, endpoint: str, air: str) -> list[Row]:
        """Return the publications that were given this AIR at this endpoint, oldest first."""
        ...

    def airs(self, endpoint: str, prefix: str) -> list[str]:
        """Return all AIRs given out at this endpoint that begin with ``source:id@``."""
        ...

    def apply(self, identity: str, change: Change, *, durable: bool = True) -> Row:
        """Take one step, and return the publication as it stands then.

        Args:
            identity: The publication.
            change: The step.
            durable: Whether it must survive a power loss. What is cheap to do again need not.
        """
        ...

    def allocate_air(self, identity: str, prefix: str, *, listed: Collection[str], remembered: str | None) -> str:
        """Return the AIR of this publication, given now where it has none, and to nobody else at its endpoint.

        Args:
            identity: The publication.
            prefix: ``source:id@``.
            listed: The AIRs that the platform shows under it.
            remembered: The AIR that a receipt says this very file had.
        """
        ...

    def results(self, identity: str) -> dict[StageName, Result]:
        """Return what the stages have produced so far."""
        ...

    def submission(self, identity: str) -> dict[str, Any] | None:
        """Return what was written down of the submission under way, or None."""
        ...

    def save_submission(self, identity: str, value: Mapping[str, Any], *, durable: bool) -> None:
        """Write down what is about to be sent, or how far it has come."""
        ...

    def secrets(self, identity: str) -> dict[str, str]:
        """Return the kept secret URLs by option."""
        ...

    def remember_account(self, endpoint: str, account: str, organization: str | None, air_source: str | None) -> None:
        """Write down what the platform said of the account behind a key."""
        ...

    def same_account(self, endpoint: str, account: str) -> set[str]:
        """Return the fingerprints of all keys known to be of this key's organisation, its own included."""
        ...

    def lock(self, name: str, deadline: Deadline) -> AbstractContextManager[None]:
        """Hold the lock of this name while the block runs; wait for whoever else holds it.

        Raises:
            UnreachableError: Another process still holds it at the deadline.
        """
        ...
