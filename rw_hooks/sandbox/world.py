"""What happened in a sandbox: its models, and every request, download and webhook. Thread-safe; readers get copies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

from rw_hooks.sandbox.wire import Item, Task

__all__ = ["Connection", "Download", "Model", "Webhook", "World"]

_SHOWN_OF_KEY = "[removed]"
_NOT_OF_THE_MODEL = {"taskType", "taskUUID", "deliveryMethod", "webhookURL"}
_SECRET = re.compile(r"api_?key", re.IGNORECASE)


@dataclass(frozen=True)
class Model:
    """What an AIR holds.

    Attributes:
        air: Its name.
        unique_identifier: As given with the upload.
        fields: The request's fields that describe the model; the newest replace all earlier ones.
        status: The last status reported, such as ``stored``, ``ready``, ``failed``.
        sha256: Of the bytes really downloaded; None before they were.
        size: Their number.
        downloads: How often a file was fetched for this AIR.
    """

    air: str
    unique_identifier: str
    fields: Mapping[str, object]
    status: str = "accepted"
    sha256: str | None = None
    size: int | None = None
    downloads: int = 0

    @property
    def failed(self) -> bool:
        """Whether the upload ended badly."""
        return self.status == "failed" or "error" in self.status


@dataclass(frozen=True)
class Connection:
    """One authenticated WebSocket: its session, and whether it took up an earlier one."""

    session: str
    resumed: bool


@dataclass(frozen=True)
class Download:
    """One fetch of a ``downloadURL``. ``problem`` is empty when the bytes arrived whole."""

    air: str
    url: str
    problem: str
    sha256: str | None
    size: int


@dataclass(frozen=True)
class Webhook:
    """One POST to a ``webhookURL``; ``status`` is the answer's, or None when there was none."""

    url: str
    body: Mapping[str, object]
    status: int | None


class World:
    """The record of one sandbox.

    Attributes:
        lock: Held while several things must be seen or changed together.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self._models: dict[str, Model] = {}
        self._requests: list[Task] = []
        self._connections: list[Connection] = []
        self._downloads: list[Download] = []
        self._webhooks: list[Webhook] = []
        self._registrations: Counter[tuple[str, str]] = Counter()
        self._updates: Counter[tuple[str, str]] = Counter()

    @property
    def models(self) -> dict[str, Model]:
        """All models by AIR."""
        with self.lock:
            return dict(self._models)

    @property
    def requests(self) -> tuple[Task, ...]:
        """Every task received, over either transport, without keys."""
        with self.lock:
            return tuple(self._requests)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Every WebSocket that authenticated."""
        with self.lock:
            return tuple(self._connections)

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Every fetch of a file."""
        with self.lock:
            return tuple(self._downloads)

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """Every webhook posted."""
        with self.lock:
            return tuple(self._webhooks)

    @property
    def registrations(self) -> Counter[tuple[str, str]]:
        """How often (AIR, uniqueIdentifier) was accepted as new weights, and went through all phases."""
        with self.lock:
            return Counter(self._registrations)

    @property
    def updates(self) -> Counter[tuple[str, str]]:
        """How often (AIR, uniqueIdentifier) was sent again once accepted: metadata only, or nothing, changed."""
        with self.lock:
            return Counter(self._updates)

    def requested(self, task: Task) -> None:
        """Record a task as received."""
        with self.lock:
            self._requests.append(_without_keys(task))

    def connected(self, connection: Connection) -> None:
        """Record a WebSocket."""
        with self.lock:
            self._connections.append(connection)

    def downloaded(self, download: Download, uid: str) -> None:
        """Record a fetch, and what it brought for its model."""
        with self.lock:
            self._downloads.append(download)
            downloads = self._models[download.air].downloads + 1
            self._change(download.air, uid, sha256=download.sha256, size=download.size, downloads=downloads)

    def posted(self, webhook: Webhook) -> None:
        """Record a webhook."""
        with self.lock:
            self._webhooks.append(webhook)

    def registered(self, air: str, uid: str, task: Task) -> None:
        """Record new weights under an AIR."""
        with self.lock:
            self._registrations[air, uid] += 1
            downloads = self._models[air].downloads if air in self._models else 0
            self._models[air] = Model(air, uid, _description(task), downloads=downloads)

    def updated(self, air: str, uid: str, task: Task) -> None:
        """Record new metadata of weights that are there."""
        with self.lock:
            self._updates[air, uid] += 1
            self._change(air, uid, fields=_description(task))

    def reported(self, air: str, uid: str, status: str) -> bool:
        """Record the status that weights have come to; False when their AIR holds other weights by now."""
        with self.lock:
            return self._change(air, uid, status=status)

    def _change(self, air: str, uid: str, **changes: Any) -> bool:  # noqa: ANN401 - each field has its own type
        model = self._models[air]
        if model.unique_identifier != uid:
            return False
        self._models[air] = replace(model, **changes)
        return True


def _description(task: Task) -> Item:
    return {name: value for name, value in task.items() if name not in _NOT_OF_THE_MODEL}


def _without_keys(task: Task) -> Item:
    return {name: _SHOWN_OF_KEY if _SECRET.search(name) else value for name, value in task.items()}
