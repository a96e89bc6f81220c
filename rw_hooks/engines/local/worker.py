"""The worker: a separate process that publishes the items of hooks, during the training or long after it.

One worker serves one state folder, endpoint and key. It reads the inbox, makes private copies of files that must wait,
publishes several files at once, and stays as long as a run lasts whose last save must be published. A publication whose
remote is unreachable is tried again later, and does not delay the others. Before it ends, the worker reads the inbox
once more.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rw_hooks.engines.agent.intake import forget_runs, look, report, supersede
from rw_hooks.engines.base import DEFAULT_CONCURRENCY
from rw_hooks.errors import MissingError, RwHooksError
from rw_hooks.publication.checks import checks
from rw_hooks.publication.notify import run_command
from rw_hooks.publication.observer import Observer, Silent
from rw_hooks.publication.option_codec import unpack
from rw_hooks.publication.policy import Intent
from rw_hooks.publication.services import endpoint_of
from rw_hooks.queue import runs, status
from rw_hooks.queue.inbox import QueueItem, place_of, unfinished
from rw_hooks.queue.snapshot import secure, sweep
from rw_hooks.queue.status import JobStatus
from rw_hooks.queue.worker_lease import WorkerLease
from rw_hooks.runware import Endpoint
from rw_hooks.support.backoff import pause
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import os_errors_reported
from rw_hooks.support.redact import redact
from rw_hooks.support.thread_pool import ThreadPool

if TYPE_CHECKING:
    from rw_hooks.engines.local.runner import LocalEngine

__all__ = ["serve"]

_LOG = logging.getLogger("rw_hooks.worker")
_SWEEP_SECONDS = 3600.0
_COPIES_AT_ONCE = 2
_POLL_SECONDS = 0.25
_REST_SECONDS = 0.5
_LINGER_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 300.0
_CHECKED = frozenset({"key", "balance", "AIR", "host", "disk"})


def serve(engine: LocalEngine) -> bool:
    """Publish the items of the inbox until nothing is left, and return whether this process was the worker.

    False means that another worker is running already. The options of this process are not used, because each item has
    its own.

    Raises:
        MissingError: There is no key.
        UnreachableError: The operating system reported an error.
    """
    endpoint, threads = endpoint_of(engine.settings), engine.settings.value("concurrency", DEFAULT_CONCURRENCY)
    lease = WorkerLease(engine.settings.home, endpoint.rest_url, endpoint.fingerprint)
    with os_errors_reported():
        acquired = lease.acquire()
    if not acquired:
        return False
    engine.settings = replace(engine.settings, given={})
    try:
        with ThreadPool(threads) as publishers, ThreadPool(_COPIES_AT_ONCE) as keepers:
            _Worker(engine, endpoint, lease, publishers, keepers).work()
    finally:
        lease.stop_heartbeat()
        lease.release()
    return True


@dataclass
class _Teller:
    """Writes the status of one queue item, for the trainer that may wait for it."""

    home: Path
    item: str
    doing: str = ""
    _told: float = 0.0

    def start(self, path: str) -> Observer:
        """Return itself."""
        del path
        return self

    def stage(self, name: str) -> None:
        """Write the stage."""
        self._tell(name)

    def moved(self, done: int, total: int) -> None:
        """Write the bytes done, once a second."""
        if time.monotonic() - self._told >= 1.0:
            self._tell(f"{self.doing.partition(' ')[0]} {100 * done // max(total, 1)} %")

    def phase(self, status: str, message: str) -> None:
        """Write what the platform reported."""
        self._tell(f"register: {status}")
        _LOG.info("%s: %s %s", self.item, status, message)

    def note(self, message: str) -> None:
        """Write it to the log."""
        _LOG.info("%s: %s", self.item, message)

    def finish(self) -> None:
        """Do nothing, because the end is reported separately."""

    def _tell(self, doing: str) -> None:
        self.doing, self._told = doing, time.monotonic()
        known = status.read(self.home, self.item)
        if known is not None and known.status == "pending":
            status.write(self.home, self.item, replace(known, doing=doing))


@dataclass(frozen=True)
class _Pursuit:
    """A publication that the worker runs until its end.

    Attributes:
        observer: Is told of the progress.
        item: The id of the queue item.
        directory: Where the commands of ``then`` and ``on_failure`` run.
        attempts: How many there have been with this one.
        intent: Why the next attempt is made.
    """

    observer: Observer
    item: str
    directory: Path
    attempts: int = 1
    intent: Intent = "proceed"


class _Later(NamedTuple):
    at: float
    work: Callable[[], None]


class _Worker:
    def __init__(
        self, engine: LocalEngine, endpoint: Endpoint, lease: WorkerLease, publishers: ThreadPool, keepers: ThreadPool
    ) -> None:
        self._engine = engine
        self._home = engine.settings.home
        self._endpoint = endpoint
        self._lease = lease
        self._publishers = publishers
        self._keepers = keepers
        self._later: dict[str, _Later] = {}
        self._given_up: set[str] = set()
        self._secured: set[str] = set()
        self._checked: set[str] = set()
        self._noted: set[str] = set()
        self._swept: dict[Path, float] = {}

    def work(self) -> None:
        """Read the inbox and publish until nothing is left, then read it once more."""
        _LOG.info("worker for %s", self._endpoint.rest_url)
        status.forget_old(self._home)
        self._engine.tidy_up()
        self._recover()
        idle_since = time.monotonic()
        while True:
            self._lease.heartbeat()
            if self._look():
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > _LINGER_SECONDS:
                self._lease.stop_heartbeat()
                if not self._look():
                    break
            time.sleep(_POLL_SECONDS if self._is_busy else _REST_SECONDS)
        forget_runs(self._home, self._endpoint.rest_url, {self._endpoint.fingerprint})
        _LOG.info("nothing is left to publish")

    def _look(self) -> bool:
        """Start what is due, and return whether anything is running or must be awaited.

        An item that is due waits until the items that it supersedes are out of the inbox, because without it they would
        be due.
        """
        found = look(self._home, self._endpoint.rest_url, {self._endpoint.fingerprint})
        self._begin_again()
        for note in set(found.sorted.notes) - self._noted:
            _LOG.info("%s", note)
        self._noted.update(found.sorted.notes)
        for item in found.sorted.superseded:
            self._begin(
                self._keepers,
                _named(item.id),
                partial(supersede, self._engine.for_item(item, Silent()), item, found.files[item.id]),
            )
        unsettled = {item.run for item in found.sorted.superseded if _named(item.id) not in self._given_up}
        for item in found.sorted.due:
            if item.run not in unsettled:
                self._begin(self._publishers, _named(item.id), partial(self._publish, item, found.files[item.id]))
        for item in (*found.sorted.undecided, *found.sorted.due):
            self._keep(item)
        self._check_new_runs()
        return bool(self._is_busy or self._later or found.sorted.undecided or unsettled)

    @property
    def _is_busy(self) -> bool:
        return self._publishers.is_busy or self._keepers.is_busy

    def _begin(self, pool: ThreadPool, name: str, work: Callable[[], None]) -> bool:
        """Start work, unless its name is running or was given up, or the pool is full.

        Return whether it was started.
        """
        if self._publishers.has(name) or self._keepers.has(name) or name in self._given_up or not pool.is_free:
            return False
        pool.begin(name, partial(self._guarded, name, work))
        return True

    def _begin_again(self) -> None:
        """Start what was unreachable and has waited long enough."""
        for name, later in [*self._later.items()]:
            if time.monotonic() >= later.at and self._publishers.is_free:
                del self._later[name]
                if not self._begin(self._publishers, name, later.work):
                    self._later[name] = later

    def _keep(self, item: QueueItem) -> None:
        """Start making a private copy of what must wait."""
        if item.id not in self._secured and self._begin(self._keepers, _named(item.id), partial(self._secure, item)):
            self._secured.add(item.id)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """Run an item.

        If it cannot be enrolled, or a bug of ours stops it, it stays in the inbox and the others continue.
        """
        try:
            with os_errors_reported():
                work()
        except RwHooksError as error:
            self._given_up.add(name)
            _LOG.warning("%s stays in the queue: %s; %s", name, error.message, error.hint)
        except Exception:  # noqa: BLE001 - a bug is logged, and must not stop the others
            self._given_up.add(name)
            _LOG.exception("%s stays in the queue after a bug of rw-hooks; run 'rw-hooks resume' to try it again", name)

    def _publish(self, item: QueueItem, file: Path) -> None:
        pursuit = _Pursuit(_Teller(self._home, item.id), item.id, Path(item.directory))
        status.write(self._home, item.id, JobStatus("pending", item.path, doing="inspect"))
        identity = self._engine.take(item, file, pursuit.observer)
        self._sweep(Path(item.held).parent)
        if identity is not None:
            self._attempt(pursuit, identity)

    def _sweep(self, folder: Path) -> None:
        """Remove what trainers left that died, now and then: there may be thousands of links in a folder."""
        now = time.monotonic()
        if now - self._swept.get(folder, -math.inf) < _SWEEP_SECONDS:
            return
        self._swept[folder] = now
        sweep(folder, unfinished(self._home))

    def _attempt(self, pursuit: _Pursuit, identity: str) -> None:
        """Run a publication as far as possible; if a remote is unreachable, try again until its time limit."""
        publication = self._engine.advance(identity, pursuit.intent, pursuit.observer)
        row = self._engine.store.get(identity)
        if publication.status == "pending":
            seconds = pause(pursuit.attempts, first=_FIRST_PAUSE_SECONDS, most=_LONGEST_PAUSE_SECONDS)
            report(self._home, pursuit.item, publication, doing=status.TRY_AGAIN)
            _LOG.info("%s: pending, next attempt in %.0f s: %s", publication.path, seconds, publication.error)
            if row.expires_at is None or Deadline.at(row.expires_at).left > seconds:
                again = replace(pursuit, attempts=pursuit.attempts + 1, intent="proceed")
                attempt = partial(self._attempt, again, identity)
                self._later[_named(pursuit.item)] = _Later(time.monotonic() + seconds, attempt)
                return
        _LOG.info("%s: %s %s", publication.path, publication.status, publication.air or "")
        if publication.error is not None:
            _LOG.warning("%s: %s", publication.path, redact(str(publication.error.get("message"))))
        report(self._home, pursuit.item, publication)
        run_command(unpack(self._engine.settings, row.options), publication, pursuit.directory)

    def _recover(self) -> None:
        """Continue what a killed worker left."""
        rows = {row.id: row for row in self._engine.store.rows()}
        for name, job in status.pending(self._home).items():
            if job.publication is None or place_of(self._home, name).exists():
                continue
            row = rows.get(job.publication)
            if row is None:
                status.write(self._home, name, _lost(job))
            elif (row.key.endpoint, row.key.account) == (self._endpoint.rest_url, self._endpoint.fingerprint):
                expired = row.expires_at is not None and Deadline.at(row.expires_at).passed
                intent: Intent = "retry" if expired else "proceed"  # the machine may have been off all that time
                pursuit = _Pursuit(_Teller(self._home, name), name, Path(row.path).parent, intent=intent)
                self._later[_named(name)] = _Later(time.monotonic(), partial(self._attempt, pursuit, row.id))

    def _secure(self, item: QueueItem) -> None:
        try:
            secure(item)
        except (RwHooksError, OSError) as error:
            _LOG.warning("%s: a private copy could not be made: %s", item.path, error)

    def _check_new_runs(self) -> None:
        """Check once for each run what would stop its publication."""
        for run in runs.known(self._home):
            ours = (run.endpoint, run.account) == (self._endpoint.rest_url, self._endpoint.fingerprint)
            if not ours or run.id in self._checked:
                continue
            told = runs.read_trouble(self._home, run.id) is not None
            if told or self._begin(self._keepers, f"check {run.id}", partial(self._check, run)):
                self._checked.add(run.id)

    def _check(self, run: runs.Run) -> None:
        settings = unpack(self._engine.settings, run.options)
        bad = [check for check in checks(settings) if check.ok is False and check.name in _CHECKED]
        trouble = [redact(f"{check.name}: {check.message} ({check.fix})") for check in bad]
        runs.tell_trouble(self._home, run.id, trouble)


def _named(item: str) -> str:
    return f"item {item}"


def _lost(job: JobStatus) -> JobStatus:
    return replace(
        job, status="failed", code="journal_lost", exit_code=MissingError.exit_code,
        message="the journal with this publication was lost; publish the file "
                "again", hint=f"rw-hooks publish {job.path}",
    )  # fmt: skip
