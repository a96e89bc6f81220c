"""The local engine: publications on this machine, stored in SQLite; one process at a time runs each of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rw_hooks.config.settings import Settings
from rw_hooks.config.state_dir import clear_state_leftovers
from rw_hooks.engines.agent.cleanup import release_if_over, tidy_up
from rw_hooks.engines.agent.intake import forget_runs, item_held, look, report, supersede, take
from rw_hooks.engines.base import DEFAULT_CONCURRENCY
from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.errors import RwHooksError, UnreachableError, UsageError
from rw_hooks.publication import policy
from rw_hooks.publication.journey import Journey, patience
from rw_hooks.publication.model import Publication, StageName
from rw_hooks.publication.notify import run_command
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.option_codec import unpack
from rw_hooks.publication.policy import Intent
from rw_hooks.publication.report import error_record, not_enrolled, stored_publication
from rw_hooks.publication.services import Clients, Services, endpoint_of
from rw_hooks.publication.stages import STAGES
from rw_hooks.publication.store import JournalError, Row
from rw_hooks.queue import status
from rw_hooks.queue.inbox import QueueItem, drop, left_waiting, place_of, remove, waiting
from rw_hooks.queue.snapshot import release_item
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import from_os_error, os_errors_reported
from rw_hooks.support.text import printable
from rw_hooks.support.thread_pool import many_at_once

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LocalEngine"]

_FILES_AT_ONCE = 4
_POLL_SECONDS = 0.25
_CANCEL_SECONDS = 2.0


class LocalEngine:
    """An :class:`~rw_hooks.engines.base.Engine` on one state folder.

    Args:
        settings: Keys and endpoints of this process, and its options; the options of a publication itself are stronger.
        read_only: Whether the store is only read.

    Raises:
        JournalError: The state folder cannot be used.
    """

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        self.settings = settings
        self.store = SqliteStore.to_look(settings.home) if read_only else SqliteStore(settings.home)
        self.clients = Clients()
        self._slots: dict[StageName, threading.Semaphore] = {
            "inspect": threading.BoundedSemaphore(_FILES_AT_ONCE),
            "host": threading.BoundedSemaphore(_FILES_AT_ONCE),
        }
        self._tidied = False
        self._tidying = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clients.close()
        self.store.close()

    def services(self, settings: Settings, observer: Observer) -> Services:
        """Return the services that the stages need, for these options."""
        return Services(settings, self.store, self.clients, observer)

    def for_item(self, item: QueueItem, observer: Observer) -> Services:
        """Return the services for the options of an item."""
        return self.services(unpack(self.settings, item.options), observer)

    def _for_row(self, row: Row, observer: Observer) -> Services:
        return self.services(unpack(self.settings, row.options), observer)

    # -- the protocol

    def submit(self, item: QueueItem, observer: Observer) -> str:
        """Put a file into the inbox, inspect it, and enroll it.

        If an interrupted command left the same request there, that item is used instead.
        """
        self.tidy_up()
        file = place_of(self.settings.home, item.id)
        if not file.exists():
            taken = self._taken_up(item, observer)
            if taken is not None:
                return taken
            self._dropped(item)
        with self._slot("inspect"):
            taken = take(self.for_item(item, observer), item, file, is_own=True)
        assert taken is not None  # noqa: S101 - an item of this process is enrolled in any case
        return taken

    def take(self, item: QueueItem, file: Path, observer: Observer) -> str | None:
        """Enroll an item of the inbox; None if another process has just done this."""
        with self._slot("inspect"):
            return take(self.for_item(item, observer), item, file)

    def advance(
        self, identity: str, intent: Intent, observer: Observer, deadline: Deadline | None = None
    ) -> Publication:
        """Run a publication as far as possible.

        One process at a time runs it, and others wait and then find it done.
        """
        row = self.store.get(identity)
        try:
            with os_errors_reported():
                return self._advance(row, intent, observer, deadline)
        except RwHooksError as error:
            publication, record = stored_publication(self.store, identity), error_record(error)
            return publication.model_copy(update={"exit_code": record.pop("exit_code"), "error": record})

    def cancel(self, identity: str) -> Publication:
        """Cancel a publication that is not ready yet, or an item that is not enrolled yet."""
        for file, item in waiting(self.settings.home):
            if isinstance(item, QueueItem) and item.id == identity:
                return self._drop(item, file)
        row = self.store.get(identity)
        is_over = row.status == "cancelled" and not row.asked
        if is_over or self.store.apply(identity, policy.cancelled(row)).status != "cancelled":
            raise UsageError("already_over", f"publication {identity} is {row.status}, so there is nothing to cancel")
        release_if_over(self.store, self.store.get(identity), self.settings.home)
        return stored_publication(self.store, identity).model_copy(update={"error": None, "exit_code": 0})

    def drain(self, observer: Observer, only: Collection[str] | None = None) -> Iterator[Publication]:
        """Run the items in the inbox for this endpoint and key, and those that were queued without a key."""
        if only is not None:
            waits = [(item, file) for file, item in waiting(self.settings.home) if isinstance(item, QueueItem)]
            yield from self._all_drained([entry for entry in waits if entry[0].id in only], observer)
            return
        self.tidy_up()
        endpoint, home = endpoint_of(self.settings), self.settings.home
        accounts = (endpoint.fingerprint, "")
        found = look(home, endpoint.rest_url, accounts)
        for trouble in found.newer:
            observer.note(f"not published here, because a newer version of rw-hooks queued it: {trouble}")
        for file, error in found.unreadable.items():
            yield not_enrolled(str(file), from_os_error(error))
        for note in found.sorted.notes:
            observer.note(note)
        for item in found.sorted.undecided:
            observer.note(f"waits for the end of its training: {item.path}")
        for item in found.sorted.superseded:
            supersede(self.for_item(item, observer), item, found.files[item.id])
        yield from self._all_drained([(item, found.files[item.id]) for item in found.sorted.due], observer)
        forget_runs(home, endpoint.rest_url, accounts)

    def serve(self) -> bool:
        """Be the worker of this state folder, endpoint and key; False if another one is running already."""
        from rw_hooks.engines.local.worker import serve

        return serve(self)

    def watch(self, identities: Collection[str]) -> Iterator[Publication]:
        """Yield each publication when it is over, or when nobody runs it any more."""
        left = list(dict.fromkeys(identities))
        while left:
            for identity in left.copy():
                row = self.store.get(identity)
                if row.status != "pending" or not self._is_worked_on(row):
                    left.remove(identity)
                    yield stored_publication(self.store, identity)
            time.sleep(_POLL_SECONDS if left else 0.0)

    # -- how it is done

    def tidy_up(self) -> None:
        """Repair, once, what killed processes left."""
        with self._tidying:
            if not self._tidied:
                clear_state_leftovers(self.settings.home)
                tidy_up(self.store, self.settings.home)
                self._tidied = True

    def _advance(self, row: Row, intent: Intent, observer: Observer, deadline: Deadline | None) -> Publication:
        with self.store.lock(f"publication {row.id}", deadline or patience(self._for_row(row, observer), row, intent)):
            row = self.store.get(row.id)  # others may have worked on it, or asked for something else, meanwhile
            journey = Journey(self._for_row(row, observer), row, intent)
            try:
                journey.begin()
                for stage in filter(journey.may_take, STAGES):
                    with self._slot(stage.name):
                        if not journey.take(stage):
                            break
                return journey.publication
            finally:
                release_if_over(self.store, journey.row, self.settings.home)

    def _slot(self, stage: StageName) -> AbstractContextManager[object]:
        """Return the lock for a stage: a few files are read and sent at once, many publications may wait at once."""
        return self._slots.get(stage) or nullcontext()

    def _all_drained(self, items: Sequence[tuple[QueueItem, Path]], observer: Observer) -> Iterator[Publication]:
        threads: int = self.settings.value("concurrency", DEFAULT_CONCURRENCY)
        ended = many_at_once(lambda entry: self._drained(*entry, observer), items, threads)
        yield from (publication for publication in ended if publication is not None)

    def _drained(self, item: QueueItem, file: Path, observer: Observer) -> Publication | None:
        """Run one item as far as possible; None if another process has just done this."""
        home, own = self.settings.home, observer.start(item.path)
        try:
            status.write(home, item.id, status.JobStatus("pending", item.path, doing="inspect"))
            identity = self.take(item, file, own)
            if identity is None:
                return None
            publication = self.advance(identity, "proceed", own)
        except RwHooksError as error:  # it stays in the inbox, and the others continue
            return not_enrolled(item.path, error)
        finally:
            own.finish()
        report(home, item.id, publication)
        run_command(self.for_item(item, own).settings, publication, Path(item.directory or Path.cwd()))
        return publication

    def _drop(self, item: QueueItem, file: Path) -> Publication:
        """Cancel a waiting item, and its publication if it is enrolled already."""
        with item_held(self.store, item.id, seconds=_CANCEL_SECONDS):
            remove(file)
            release_item(item)
            with suppress(KeyError):
                self.store.apply(item.id, policy.cancelled(self.store.get(item.id)))
        return Publication(id=item.id, status="cancelled", path=printable(item.path), size=item.size)

    def _taken_up(self, asked: QueueItem, observer: Observer) -> str | None:
        """Enroll what an interrupted command left that asked for the very same; None where there is none to be had."""
        left = left_waiting(self.settings.home, asked)
        if left is None:
            return None
        try:
            with self._slot("inspect"):
                return take(self.for_item(left[0], observer), *left, seconds=0.0)
        except UnreachableError as error:
            if error.code != "in_other_hands":
                raise
            return None

    def _dropped(self, item: QueueItem) -> None:
        home = self.settings.home
        try:
            drop(home, item, durable=True)
        except OSError as error:
            raise JournalError(
                "state_unwritable",
                f"the state folder {home} cannot be written ({error.strerror}); nothing was sent",
                hint="free space there or get write permission, or set RW_HOOKS_HOME to another folder; then "
                "publish again",
                stage="setup",
            ) from None

    def _is_worked_on(self, row: Row) -> bool:
        """Whether another process runs this publication now."""
        try:
            with self.store.lock(f"publication {row.id}", Deadline.after(0.0)):
                return False
        except UnreachableError:
            return True
