"""An engine of a third party, written against the public protocol: it keeps everything in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from rw_hooks.config.settings import Settings
from rw_hooks.engines.agent.enrol import enrol
from rw_hooks.errors import UsageError
from rw_hooks.publication import policy
from rw_hooks.publication.journey import Journey
from rw_hooks.publication.model import Publication, StageName
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.option_codec import unpack
from rw_hooks.publication.policy import Intent
from rw_hooks.publication.report import stored_publication
from rw_hooks.publication.services import Clients, Services
from rw_hooks.publication.stages import STAGES
from rw_hooks.publication.store import Change, Enrolment, Key, Result, Row
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.support.deadline import Deadline


class MemoryStore:
    """A store in dictionaries; one lock guards them all."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._rows: dict[str, Row] = {}
        self._results: dict[str, dict[StageName, Result]] = {}
        self._submissions: dict[str, dict[str, Any]] = {}
        self._secrets: dict[str, dict[str, str]] = {}
        self._locks: dict[str, threading.RLock] = {}

    def enroll(self, enrolment: Enrolment) -> Row:
        with self._guard:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            row = self.find(enrolment.key) or Row(
                id=enrolment.id, key=enrolment.key, path="", held="", status="pending", air=None, live=False,
                asked=0, options={}, facts={}, error=None, expires_at=None, machine="", created_at=now,
                updated_at=now,
            )  # fmt: skip
            self._rows[row.id] = replace(
                row, path=enrolment.path, held=enrolment.held, machine=enrolment.machine, options=enrolment.options,
                facts=enrolment.facts, asked=row.asked + 1,
            )  # fmt: skip
            return self.apply(row.id, enrolment.change)

    def get(self, identity: str) -> Row:
        return self._rows[identity]

    def find(self, key: Key) -> Row | None:
        return next((row for row in self.rows() if row.key == key and key.sha256), None)

    def rows(self) -> list[Row]:
        with self._guard:
            return list(self._rows.values())

    def holders(self, endpoint: str, air: str) -> list[Row]:
        return [row for row in self.rows() if (row.key.endpoint, row.air) == (endpoint, air)]

    def airs(self, endpoint: str, prefix: str) -> list[str]:
        return [row.air for row in self.rows() if row.key.endpoint == endpoint and (row.air or "").startswith(prefix)]

    def apply(self, identity: str, change: Change, *, durable: bool = True) -> Row:
        del durable
        with self._guard:
            row = self._rows[identity]
            if change.only_from is not None and row.status not in change.only_from:
                return row
            kept = {stage: value for stage, value in self.results(identity).items() if stage not in change.forget}
            self._results[identity] = {**kept, **change.results}
            self._secrets[identity] = {**self.secrets(identity), **change.secrets}
            if change.forget_submission or change.status in {"ready", "cancelled"}:
                self._submissions.pop(identity, None)
            if change.status is not None:
                error = dict(change.error) if change.error else None
                row = replace(row, status=change.status, live=row.live or change.status == "ready", error=error)
            row = replace(
                row, air=change.air or row.air, asked=max(0, row.asked - change.begun),
                expires_at=change.expires_at or row.expires_at,
            )  # fmt: skip
            self._rows[identity] = row
            if row.status in {"ready", "cancelled", "superseded"} and not row.asked:
                self._secrets[identity] = {}
            return row

    def allocate_air(self, identity: str, prefix: str, *, listed: Collection[str], remembered: str | None) -> str:
        with self._guard:
            row = self._rows[identity]
            given_out = self.airs(row.key.endpoint, prefix)
            air = row.air or policy.next_air(prefix, given_out=given_out, listed=listed, remembered=remembered)
            self._rows[identity] = replace(row, air=air)
            return air

    def results(self, identity: str) -> dict[StageName, Result]:
        return dict(self._results.get(identity, {}))

    def submission(self, identity: str) -> dict[str, Any] | None:
        return self._submissions.get(identity)

    def save_submission(self, identity: str, value: Mapping[str, Any], *, durable: bool) -> None:
        del durable
        self._submissions[identity] = dict(value)

    def secrets(self, identity: str) -> dict[str, str]:
        return dict(self._secrets.get(identity, {}))

    def remember_account(self, endpoint: str, account: str, organization: str | None, air_source: str | None) -> None:
        """One key is one account here."""

    def same_account(self, endpoint: str, account: str) -> set[str]:
        del endpoint
        return {account}

    def lock(self, name: str, deadline: Deadline) -> AbstractContextManager[Any]:
        del deadline
        with self._guard:
            return self._locks.setdefault(name, threading.RLock())


class MemoryEngine:
    """Takes publications through their stages, one call each; nothing is left of them when it is closed."""

    def __init__(self, settings: Settings, *, read_only: bool) -> None:
        del read_only
        self._settings = settings
        self._clients = Clients()
        self.store = MemoryStore()

    def __enter__(self) -> MemoryEngine:  # noqa: PYI034 - typing.Self comes with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._clients.close()

    def submit(self, item: QueueItem, observer: Observer) -> str:
        return enrol(self._services(item.options, observer), item).id

    def advance(
        self, identity: str, intent: Intent, observer: Observer, deadline: Deadline | None = None
    ) -> Publication:
        with self.store.lock(identity, deadline or Deadline.after(60.0)):
            row = self.store.get(identity)
            journey = Journey(self._services(row.options, observer), row, intent)
            journey.begin()
            all(journey.take(stage) for stage in filter(journey.may_take, STAGES))
            return journey.publication

    def cancel(self, identity: str) -> Publication:
        row = self.store.get(identity)
        is_over = row.status == "cancelled" and not row.asked
        if is_over or self.store.apply(identity, policy.cancelled(row)).status != "cancelled":
            raise UsageError("already_over", f"it is {row.status}")
        return stored_publication(self.store, identity)

    def drain(self, observer: Observer, only: Collection[str] | None = None) -> Iterator[Publication]:
        del observer, only
        yield from ()

    def serve(self) -> bool:
        return False

    def watch(self, identities: Collection[str]) -> Iterator[Publication]:
        return (stored_publication(self.store, identity) for identity in identities)

    def _services(self, options: Mapping[str, Any], observer: Observer) -> Services:
        return Services(unpack(self._settings, options), self.store, self._clients, observer)
