"""The worker: a process of its own that publishes what hooks hand over, while the training goes on or long after it.

One serves one state folder, endpoint and key. It looks at the inbox, makes private copies first, publishes several
files at once, and stays while a run goes on whose last save is to be published. It leaves after one more look.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rw_hooks.errors import RwHooksError
from rw_hooks.home import clear_state_leftovers
from rw_hooks.publish import runs, standing
from rw_hooks.publish.after import run_command
from rw_hooks.publish.api import finish, tidy_up
from rw_hooks.publish.context import Clients, Context, endpoint_of
from rw_hooks.publish.doctor import doctor
from rw_hooks.publish.engines.local import time_allowed
from rw_hooks.publish.given import unpack
from rw_hooks.publish.handing import forget_runs, handle, look, report, supersede
from rw_hooks.publish.holding import secure, sweep
from rw_hooks.publish.inbox import HandOver
from rw_hooks.publish.journal import Journal, Row
from rw_hooks.publish.machine import machine_trouble
from rw_hooks.publish.publication import Publication
from rw_hooks.publish.spawn import Post
from rw_hooks.redact import redact
from rw_hooks.runware import Endpoint
from rw_hooks.settings import Settings

__all__ = ["drain"]

_LOG = logging.getLogger("rw_hooks.worker")
_AT_ONCE = 8
_LOOK_SECONDS = 0.25
_REST_SECONDS = 0.5
_LINGER_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 300.0
_CHECKED = frozenset({"key", "balance", "AIR", "host", "disk"})


def drain(settings: Settings) -> bool:
    """Publish what was handed over until nothing is left, and say whether this process did it.

    False: another worker is at it. Options of this process do not count: a hand-over brings its own.

    Raises:
        MissingError: There is no key.
        JournalError: The state folder cannot be used.
        UnreachableError: This machine failed.
    """
    endpoint = endpoint_of(settings)
    post = Post(settings.home, endpoint.rest_url, endpoint.fingerprint)
    with Journal(settings.home) as journal:  # first, for it says what is wrong with the state folder
        with machine_trouble():
            taken = post.take()
        if not taken:
            return False
        try:
            with Clients() as clients, ThreadPoolExecutor(_AT_ONCE) as pool:
                context = Context(replace(settings, given={}), journal, clients)
                _Worker(context, endpoint, post, pool).work()
        finally:
            post.stop_beating()
            post.leave()
    return True


@dataclass
class _Teller:
    """Writes down what is being done with one hand-over, for the trainer that may wait for it."""

    home: Path
    item: str
    doing: str = ""
    _told: float = 0.0

    def start(self, path: str) -> None:
        """Say nothing yet."""

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

    def _tell(self, doing: str) -> None:
        self.doing, self._told = doing, time.monotonic()
        known = standing.read(self.home, self.item)
        if known is not None and known.status == "pending":
            standing.write(self.home, self.item, replace(known, doing=doing))


class _Worker:
    def __init__(self, context: Context, endpoint: Endpoint, post: Post, pool: ThreadPoolExecutor) -> None:
        self._context = context
        self._endpoint = endpoint
        self._post = post
        self._pool = pool
        self._under_way: dict[str, Future[None]] = {}
        self._given_up: set[str] = set()
        self._secured: set[str] = set()
        self._checked: set[str] = set()

    def work(self) -> None:
        """Look and publish until there is nothing left, then look once more."""
        _LOG.info("worker for %s", self._endpoint.rest_url)
        standing.forget_old(self._context.home)
        clear_state_leftovers(self._context.home)
        tidy_up(self._context)
        self._recover()
        idle_since = time.monotonic()
        while True:
            self._post.beat()
            if self._look():
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > _LINGER_SECONDS:
                self._post.stop_beating()
                if not self._look():
                    break
            time.sleep(_LOOK_SECONDS if self._under_way else _REST_SECONDS)
        forget_runs(self._context.home, self._endpoint.rest_url, {self._endpoint.fingerprint})
        _LOG.info("nothing left to do")

    def _look(self) -> bool:
        """Begin with what is due, and say whether anything is under way or to be waited for."""
        self._under_way = {name: future for name, future in self._under_way.items() if not future.done()}
        found = look(self._context.home, self._endpoint.rest_url, {self._endpoint.fingerprint})
        for item in found.sorted.undecided:
            if item.id not in self._secured:
                self._secured.add(item.id)
                self._begin(_named(item), partial(self._secure, item))
        for item in found.sorted.superseded:
            self._begin(_named(item), partial(supersede, self._own(item), item, found.files[item.id]))
        for item in found.sorted.due:
            self._begin(_named(item), partial(self._publish, item, found.files[item.id]))
        self._check_new_runs()
        return bool(self._under_way or found.sorted.undecided)

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        if name not in self._under_way and name not in self._given_up:
            self._under_way[name] = self._pool.submit(self._guarded, name, work)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """A hand-over that cannot be taken, or meets a bug of ours, stays where it is, and the others go on."""
        try:
            with machine_trouble():
                work()
        except RwHooksError as error:
            self._given_up.add(name)
            _LOG.warning("%s stays as it is: %s; %s", name, error.message, error.hint)
        except Exception:  # noqa: BLE001 - a bug is logged, and must not stop the others
            self._given_up.add(name)
            _LOG.exception("%s was given up; 'rw-hooks resume' tries it again", name)

    def _own(self, item: HandOver) -> Context:
        settings = unpack(self._context.settings, item.options)
        return replace(self._context, settings=settings, watcher=_Teller(self._context.home, item.id))

    def _publish(self, item: HandOver, file: Path) -> None:
        own = self._own(item)
        publication = handle(own, item, file)
        sweep(Path(item.held).parent, {path.stem for path in file.parent.glob("*.json")})
        if publication is not None:
            self._pursue(own, item.id, publication, Path(item.directory))

    def _pursue(self, own: Context, name: str, publication: Publication, directory: Path) -> None:
        """Try again what is unreachable, until the time for the publication is over; then tell how it ended."""
        pause = _FIRST_PAUSE_SECONDS
        deadline = None
        while publication.status == "pending" and publication.id is not None:
            deadline = deadline or time_allowed(own, own.journal.row(publication.id))
            report(own.home, name, publication, doing="waiting to try again")
            _LOG.info("%s: pending, again in %.0f s: %s", publication.path, pause, publication.error)
            if deadline.left <= pause:
                break
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            publication = finish(own, publication.id, _nothing)
        _LOG.info("%s: %s %s", publication.path, publication.status, publication.air or "")
        if publication.error is not None:
            _LOG.warning("%s: %s", publication.path, redact(str(publication.error.get("message"))))
        report(own.home, name, publication)
        run_command(own.settings, publication, directory)

    def _recover(self) -> None:
        """Go on with what a worker left that died."""
        for name, stands in standing.pending(self._context.home).items():
            if stands.publication is None or (self._context.home / "inbox" / f"{name}.json").exists():
                continue
            row = self._context.journal.row(stands.publication)
            if (row.key.endpoint, row.key.account) == (self._endpoint.rest_url, self._endpoint.fingerprint):
                self._begin(f"hand-over {name}", partial(self._go_on, name, row))

    def _go_on(self, name: str, row: Row) -> None:
        settings = unpack(self._context.settings, row.options)
        own = replace(self._context, settings=settings, watcher=_Teller(self._context.home, name))
        self._pursue(own, name, finish(own, row.id, _nothing), Path(row.path).parent)

    def _secure(self, item: HandOver) -> None:
        try:
            secure(item)
        except (RwHooksError, OSError) as error:
            _LOG.warning("%s: no private copy: %s", item.path, error)

    def _check_new_runs(self) -> None:
        """Find out, once for each run, what stands in the way of its publication."""
        for run in runs.known(self._context.home):
            ours = (run.endpoint, run.account) == (self._endpoint.rest_url, self._endpoint.fingerprint)
            if ours and run.id not in self._checked:
                self._checked.add(run.id)
                if runs.read_trouble(self._context.home, run.id) is None:
                    self._begin(f"check {run.id}", partial(self._check, run))

    def _check(self, run: runs.Run) -> None:
        settings = unpack(self._context.settings, run.options)
        bad = [check for check in doctor(settings) if check.ok is False and check.name in _CHECKED]
        trouble = [redact(f"{check.name}: {check.message} ({check.mend})") for check in bad]
        runs.tell_trouble(self._context.home, run.id, trouble)


def _named(item: HandOver) -> str:
    return f"hand-over {item.id}"


def _nothing(_context: Context) -> None:
    """Prepare nothing."""
