"""The worker: a process of its own that publishes what hooks hand over, while the training goes on or long after it.

One serves one state folder, endpoint and key. It looks at the inbox, makes private copies of what has to wait,
publishes several files at once, and stays while a run goes on whose last save is to be published. What is unreachable
is tried again later, and keeps nothing else waiting meanwhile. It leaves after one more look.
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
from rw_hooks.publication.services import endpoint_of
from rw_hooks.queue import runs, status
from rw_hooks.queue.inbox import QueueItem, acknowledged
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
_LOOK_SECONDS = 0.25
_REST_SECONDS = 0.5
_LINGER_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 300.0
_CHECKED = frozenset({"key", "balance", "AIR", "host", "disk"})


def serve(engine: LocalEngine) -> bool:
    """Publish what was handed over until nothing is left, and say whether this process did it.

    False: another worker is at it. Options of this process do not count: an item brings its own.

    Raises:
        MissingError: There is no key.
        UnreachableError: This machine failed.
    """
    endpoint, threads = endpoint_of(engine.settings), engine.settings.value("concurrency", DEFAULT_CONCURRENCY)
    lease = WorkerLease(engine.settings.home, endpoint.rest_url, endpoint.fingerprint)
    with os_errors_reported():
        taken = lease.acquire()
    if not taken:
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
    """Writes down what is being done with one hand-over, for the trainer that may wait for it."""

    home: Path
    item: str
    doing: str = ""
    _told: float = 0.0

    def start(self, path: str) -> Observer:
        """Return itself."""
        del path
        return self

    def stage(self, name: str) -> None:
        """Tell the stage."""
        self._tell(name)

    def moved(self, done: int, total: int) -> None:
        """Tell how far it is, once a second."""
        if time.monotonic() - self._told >= 1.0:
            self._tell(f"{self.doing.partition(' ')[0]} {100 * done // max(total, 1)} %")

    def phase(self, status: str, message: str) -> None:
        """Tell what the platform says."""
        self._tell(f"register: {status}")
        _LOG.info("%s: %s %s", self.item, status, message)

    def note(self, message: str) -> None:
        """Write it to the log."""
        _LOG.info("%s: %s", self.item, message)

    def finish(self) -> None:
        """Say nothing: how it ended is reported."""

    def _tell(self, doing: str) -> None:
        self.doing, self._told = doing, time.monotonic()
        known = status.read(self.home, self.item)
        if known is not None and known.status == "pending":
            status.write(self.home, self.item, replace(known, doing=doing))


@dataclass(frozen=True)
class _Pursuit:
    """A publication that is followed to its end.

    Attributes:
        observer: Told of the progress.
        item: The hand-over's name.
        directory: Where the commands of ``then`` and ``on_failure`` run.
        attempts: How many there have been with this one.
    """

    observer: Observer
    item: str
    directory: Path
    attempts: int = 1


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
        """Look and publish until there is nothing left, then look once more."""
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
            time.sleep(_LOOK_SECONDS if self._is_busy else _REST_SECONDS)
        forget_runs(self._home, self._endpoint.rest_url, {self._endpoint.fingerprint})
        _LOG.info("nothing left to do")

    def _look(self) -> bool:
        """Begin with what is due, and say whether anything is under way or to be waited for.

        What is due waits until those that it supersedes are out of the inbox: left there without it, they would be due.
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
        """Begin with work, unless its name is in hand or given up, or all of the pool are busy; say whether so."""
        if self._publishers.has(name) or self._keepers.has(name) or name in self._given_up or not pool.is_free:
            return False
        pool.begin(name, partial(self._guarded, name, work))
        return True

    def _begin_again(self) -> None:
        """Begin with what was unreachable and has waited long enough."""
        for name, later in [*self._later.items()]:
            if time.monotonic() >= later.at and self._publishers.is_free:
                del self._later[name]
                if not self._begin(self._publishers, name, later.work):
                    self._later[name] = later

    def _keep(self, item: QueueItem) -> None:
        """Have a private copy made of what has to wait."""
        if item.id not in self._secured and self._begin(self._keepers, _named(item.id), partial(self._secure, item)):
            self._secured.add(item.id)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """A hand-over that cannot be taken, or meets a bug of ours, stays where it is, and the others go on."""
        try:
            with os_errors_reported():
                work()
        except RwHooksError as error:
            self._given_up.add(name)
            _LOG.warning("%s stays as it is: %s; %s", name, error.message, error.hint)
        except Exception:  # noqa: BLE001 - a bug is logged, and must not stop the others
            self._given_up.add(name)
            _LOG.exception("%s was given up; 'rw-hooks resume' tries it again", name)

    def _publish(self, item: QueueItem, file: Path) -> None:
        pursuit = _Pursuit(_Teller(self._home, item.id), item.id, Path(item.directory))
        status.write(self._home, item.id, JobStatus("pending", item.path, doing="inspect"))
        identity = self._engine.take(item, file, pursuit.observer)
        self._sweep(Path(item.held).parent, file.parent)
        if identity is not None:
            self._attempt(pursuit, identity)

    def _sweep(self, folder: Path, inbox: Path) -> None:
        """Remove what trainers left that died, now and then: there may be thousands of links in a folder."""
        now = time.monotonic()
        if now - self._swept.get(folder, -math.inf) < _SWEEP_SECONDS:
            return
        self._swept[folder] = now
        kept = (path for path, _ in acknowledged(self._home))
        sweep(folder, {path.stem.rpartition(".")[2] for path in (*inbox.glob("*.json"), *kept)})

    def _attempt(self, pursuit: _Pursuit, identity: str) -> None:
        """Take a publication as far as it goes; what is unreachable is tried again until its time is over."""
        publication = self._engine.advance(identity, "proceed", pursuit.observer)
        row = self._engine.store.get(identity)
        if publication.status == "pending":
            seconds = pause(pursuit.attempts, first=_FIRST_PAUSE_SECONDS, most=_LONGEST_PAUSE_SECONDS)
            report(self._home, pursuit.item, publication, doing=status.TRY_AGAIN)
            _LOG.info("%s: pending, again in %.0f s: %s", publication.path, seconds, publication.error)
            if row.expires_at is None or Deadline.at(row.expires_at).left > seconds:
                again = replace(pursuit, attempts=pursuit.attempts + 1)
                attempt = partial(self._attempt, again, identity)
                self._later[_named(pursuit.item)] = _Later(time.monotonic() + seconds, attempt)
                return
        _LOG.info("%s: %s %s", publication.path, publication.status, publication.air or "")
        if publication.error is not None:
            _LOG.warning("%s: %s", publication.path, redact(str(publication.error.get("message"))))
        report(self._home, pursuit.item, publication)
        run_command(unpack(self._engine.settings, row.options), publication, pursuit.directory)

    def _recover(self) -> None:
        """Go on with what a worker left that died."""
        rows = {row.id: row for row in self._engine.store.rows()}
        for name, stands in status.pending(self._home).items():
            if stands.publication is None or (self._home / "inbox" / f"{name}.json").exists():
                continue
            row = rows.get(stands.publication)
            if row is None:
                status.write(self._home, name, _lost(stands))
            elif (row.key.endpoint, row.key.account) == (self._endpoint.rest_url, self._endpoint.fingerprint):
                pursuit = _Pursuit(_Teller(self._home, name), name, Path(row.path).parent)
                self._later[_named(name)] = _Later(time.monotonic(), partial(self._attempt, pursuit, row.id))

    def _secure(self, item: QueueItem) -> None:
        try:
            secure(item)
        except (RwHooksError, OSError) as error:
            _LOG.warning("%s: no private copy: %s", item.path, error)

    def _check_new_runs(self) -> None:
        """Find out, once for each run, what stands in the way of its publication."""
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
    return f"hand-over {item}"


def _lost(stands: JobStatus) -> JobStatus:
    return replace(
        stands, status="failed", code="journal_lost", exit_code=MissingError.exit_code,
        message="the journal that knew of this publication is gone", hint=f"rw-hooks publish {stands.path}",
    )  # fmt: skip
