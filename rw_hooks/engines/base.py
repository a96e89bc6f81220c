"""What an engine is: it takes publications through their stages, durably. Found by entry point.

An engine keeps its publications in a :class:`~rw_hooks.publication.store.Store` and takes each through
:data:`~rw_hooks.publication.stages.STAGES` as :mod:`~rw_hooks.publication.policy` says; how many at once, on which
machine, and when again after a failure, is its own. The entry-point group ``rw_hooks.engines`` names a callable that is
given the settings and returns the engine; ``--engine`` takes the entry point's name. :class:`rw_hooks.testing.engines.
EngineSuite` says what an engine must hold.
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
"""How many publications one process waits for side by side, where nobody says otherwise."""
_DEFAULT = "local"


class Engine(Protocol):
    """Takes publications through their stages. Safe to share between threads.

    Its store knows every publication; what is asked of an engine survives a kill of the process at any moment, unless
    the engine says that it keeps nothing.
    """

    @property
    def store(self) -> Store:
        """What is known of the publications."""
        ...

    def submit(self, item: QueueItem, observer: Observer) -> str:
        """Inspect a file, enroll it, and return the name of its publication.

        The same item, and the same bytes asked for in the same way, are the same publication. When this returns, the
        publication goes on after a kill, too.

        Args:
            item: The file, the options, and whom it is for.
            observer: Told of the bytes that were read.

        Raises:
            ArtifactError: The file cannot be read as a file at all, or changed while it was read. A bad model raises
                nothing: its publication has failed.
            UsageError: There is no such file.
            JournalError: The store cannot be used.
            UnreachableError: This machine failed, or another process has the item in hand.
        """
        ...

    def advance(
        self, identity: str, intent: Intent, observer: Observer, deadline: Deadline | None = None
    ) -> Publication:
        """Take a publication as far as it goes, in the foreground, and return how it stands then.

        Args:
            identity: Its name.
            intent: Why it is taken up.
            observer: Told of the progress.
            deadline: When to stop waiting for another process that works on it; its own end where None.

        Raises:
            KeyError: There is no such publication.
            JournalError: The store cannot be used.
        """
        ...

    def cancel(self, identity: str) -> Publication:
        """Drop a publication that is not ready yet, or an item that waits to be enrolled.

        One that is under way stops before its next stage.

        Raises:
            UsageError: It is over.
            UnreachableError: Another process is just enrolling it.
            KeyError: There is no such publication.
        """
        ...

    def drain(self, observer: Observer, only: Collection[str] | None = None) -> Iterator[Publication]:
        """Take what hooks on this machine handed over as far as it goes, in the foreground; yield each in their order.

        Args:
            observer: Told of the progress.
            only: The items to take, whether their training is over or not; None for all that are due.
        """
        ...

    def serve(self) -> bool:
        """Be the worker: publish what hooks on this machine hand over, until nothing is left.

        Returns:
            False when another worker is at it.
        """
        ...

    def watch(self, identities: Collection[str]) -> Iterator[Publication]:
        """Yield each of these publications once, when it is over or this process has nothing more to wait for.

        It only looks: a publication that nobody works on is yielded as it stands.
        """
        ...


class Factory(Protocol):
    """What an entry point names."""

    def __call__(self, settings: Settings, *, read_only: bool) -> AbstractContextManager[Engine]:
        """Return the engine; with ``read_only`` one whose store is only looked at, so that it leaves no trace."""
        ...


def open_engine(settings: Settings, *, read_only: bool = False) -> AbstractContextManager[Engine]:
    """Return the engine that the settings name, to be used in a ``with`` statement.

    Args:
        settings: Keys and endpoints of this process, and the option ``engine``.
        read_only: Whether its store is only to be looked at; no trace is left then, also where there is none yet.

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
