"""The protocol of engines: an engine runs publications through their stages, durably. Found by entry point.

An engine keeps its publications in a :class:`~rw_hooks.publication.store.Store` and runs each through
:data:`~rw_hooks.publication.stages.STAGES` as :mod:`~rw_hooks.publication.policy` decides. The engine decides how many
run at once, on which machine, and when a failed one is tried again. An entry point of the group ``rw_hooks.engines``
names a callable that takes the settings and returns the engine; ``--engine`` takes the entry point's name.
:class:`rw_hooks.testing.engines.EngineSuite` tests what an engine must do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import Protocol

from rw_hooks.config.settings import Settings
from rw_hooks.errors import UsageError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.policy import Intent
from rw_hooks.publication.store import Store
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.support.deadline import Deadline

__all__ = ["DEFAULT_CONCURRENCY", "GROUP", "Engine", "Factory", "open_engine"]

GROUP = "rw_hooks.engines"
DEFAULT_CONCURRENCY = 40
"""How many publications one process waits for at once by default."""
_DEFAULT = "local"


class Engine(Protocol):
    """Runs publications through their stages. Safe to share between threads.

    Its store knows every publication. Every request survives a kill of the process at any moment, unless the engine's
    documentation says that it is not durable.
    """

    @property
    def store(self) -> Store:
        """The store of the publications."""
        ...

    def submit(self, item: QueueItem, observer: Observer) -> str:
        """Inspect a file, enroll it, and return the id of its publication.

        The same item is the same publication, and so are the same bytes with the same request. Once this returns, the
        publication continues even after a kill.

        Args:
            item: The file, the options, and the endpoint and key.
            observer: Is told how many bytes were read.

        Raises:
            ArtifactError: The file cannot be read at all, or it changed while it was read. A file that must not be
                published raises nothing: its publication is failed.
            UsageError: There is no such file.
            JournalError: The store cannot be used.
            UnreachableError: The operating system reported an error, or another process is enrolling the item.
        """
        ...

    def advance(
        self, identity: str, intent: Intent, observer: Observer, deadline: Deadline | None = None
    ) -> Publication:
        """Run a publication as far as possible, in the foreground, and return its state.

        Args:
            identity: The id of the publication.
            intent: Why it is run.
            observer: Told of the progress.
            deadline: When to stop waiting for another process that runs it; None for the publication's own deadline.

        Raises:
            KeyError: There is no such publication.
            JournalError: The store cannot be used.
        """
        ...

    def cancel(self, identity: str) -> Publication:
        """Cancel a publication that is not ready yet, or an item that is not enrolled yet.

        A publication that is running stops before its next stage.

        Raises:
            UsageError: It is over.
            UnreachableError: Another process is enrolling it now.
            KeyError: There is no such publication.
        """
        ...

    def drain(self, observer: Observer, only: Collection[str] | None = None) -> Iterator[Publication]:
        """Run the items of the hooks on this machine as far as possible, in the foreground; yield each in their order.

        Args:
            observer: Told of the progress.
            only: The items to run, whether their training is over or not; None for all that are due.
        """
        ...

    def serve(self) -> bool:
        """Be the worker: publish the items of the hooks on this machine until nothing is left.

        Returns:
            False if another worker is running already.
        """
        ...

    def watch(self, identities: Collection[str]) -> Iterator[Publication]:
        """Yield each of these publications once, when it is over or when nobody runs it any more.

        This changes nothing: a publication that nobody runs is yielded in its present state.
        """
        ...


class Factory(Protocol):
    """What an entry point of the group names: a callable that returns an engine."""

    def __call__(self, settings: Settings, *, read_only: bool) -> AbstractContextManager[Engine]:
        """Return the engine; with ``read_only`` its store is only read, and nothing is written to disk."""
        ...


def open_engine(settings: Settings, *, read_only: bool = False) -> AbstractContextManager[Engine]:
    """Return the engine that the settings name, to be used in a ``with`` statement.

    Args:
        settings: Keys and endpoints of this process, and the option ``engine``.
        read_only: Whether the store is only read; then nothing is written to disk, even if there is no store yet.

    Raises:
        UsageError: There is no engine of this name.
        JournalError: Its store cannot be used.
    """
    name = settings.text("engine") or _DEFAULT
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.value)
    for entry in found:
        if entry.name == name:
            factory: Factory = entry.load()
            return factory(settings, read_only=read_only)
    known = ", ".join(sorted({entry.name for entry in found}))
    raise UsageError("unknown_engine", f"there is no engine named {name!r}", hint=f"--engine takes one of: {known}",
                     stage="setup")  # fmt: skip
