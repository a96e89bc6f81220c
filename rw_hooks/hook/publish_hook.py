"""Hooks for training loops: fast calls that never stop a training. Standard library only.

A hook makes a link to the file that was just saved, writes one small JSON file, and makes sure that a worker runs: a
separate process, which does the rest and outlives the trainer. Nothing here can stop a training: the ``on_*`` calls
catch every error and write it as one log line.
"""

from __future__ import annotations

import functools
import logging
import math
import os
import threading
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from rw_hooks.config.options import OPTIONS, check
from rw_hooks.config.precedence import API_URL, Given, join, pack
from rw_hooks.config.state_dir import state_home, working_folder
from rw_hooks.errors import MissingError
from rw_hooks.hook.environment import cannot_outlive, process_rank
from rw_hooks.hook.jsonable import jsonable, number_or_none
from rw_hooks.hook.session import Session
from rw_hooks.hook.wait import tell, wait_for
from rw_hooks.hook.weights_file import is_complete, weights_in
from rw_hooks.queue import runs
from rw_hooks.queue.due import sort_out
from rw_hooks.queue.inbox import QueueItem, drop
from rw_hooks.queue.snapshot import hold, release
from rw_hooks.queue.status import JobStatus
from rw_hooks.queue.worker_lease import OF_THE_WORKER, WorkerLease
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.redact import fingerprint, redact

__all__ = ["PublishHook", "publishing"]

_LOG = logging.getLogger("rw_hooks.hook")
_CHECK_SECONDS = 90.0
_POLL_SECONDS = 0.25
_WAIT_SECONDS = 6 * 3600.0
_PATIENCE_SECONDS = 300.0
_AS_ASKED = "as asked"

P = ParamSpec("P")
R = TypeVar("R")


def _never_raises(call: Callable[P, R]) -> Callable[P, R | None]:
    """Convert any error in a hook into one log line."""

    @functools.wraps(call)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - a hook never hurts the training, whatever happens
            _LOG.warning("rw-hooks: %s: %s: %s", call.__name__, type(error).__name__, redact(str(error)))
            return None

    return guarded


def _require_log_level(environ: Mapping[str, str]) -> None:
    """Refuse an unknown level, because every worker inherits it and would end at once."""
    level = environ.get("RW_HOOKS_LOG_LEVEL") or "WARNING"
    try:
        logging.NullHandler().setLevel(level.upper())
    except ValueError:
        hint = "set it to DEBUG, INFO, WARNING or ERROR"
        raise ValueError(f"RW_HOOKS_LOG_LEVEL: {level!r} is not a level; {hint}") from None


class PublishHook:
    """Publishes the files that a training saves.

    ::

        hook = rw_hooks.PublishHook(trigger_words="sks dog")    # step 0: a typing error shows here, not at hour 10
        ...
        hook.on_save("out/lora.safetensors", step=500)          # as often as the loop saves
        ...
        hook.on_end()

    With ``which="final"``, the default, a save with ``final=True`` is published at once. If there is none, the newest
    save is published when the run is over: at :meth:`on_end`, or when the process ends for any reason.

    Only rank 0 publishes; the calls of other ranks return at once.

    Args:
        options: Any option of the table in :mod:`rw_hooks.config.options`.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds, here, in the environment or in ``rw-hooks.toml``.
    """

    _by_name = False

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the table of options has the types
        _require_log_level(os.environ)
        self.begin(join(check(options), environ=os.environ, directory=working_folder()))

    def begin(self, given: Mapping[str, Given], argv: Sequence[str] = (), before: Sequence[str] = ()) -> None:
        """Create a hook from options that are joined already, as a command has them.

        Args:
            given: The options, each with its source.
            argv: The trainer's command line without secrets, which its integration reads.
            before: The weights files that were there before the training.
        """
        self._given = given
        self._argv = tuple(argv)
        self._before = tuple(before)
        self._directory = Path.cwd()
        try:
            self._home = state_home(os.environ)
        except MissingError:
            self._home = Path(os.devnull) / "rw-hooks"  # it cannot be used: one warning says this, with the fix
        self._endpoint = os.environ.get("RUNWARE_API_URL") or API_URL
        key = os.environ.get("RUNWARE_API_KEY", "").strip()
        self._account = fingerprint(key) if key else ""
        self._process = os.getpid()
        self._handed: list[tuple[str, str]] = []
        self._session: Session | None = None
        self._warned = False
        if self.leads and not self._is_dry_run:
            self._prepare()

    @_never_raises
    def on_save(  # noqa: PLR0913 - what a trainer may know of a save
        self,
        path: str | os.PathLike[str],
        *,
        step: int | None = None,
        epoch: int | None = None,
        metric: float | None = None,
        final: bool = False,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Queue a saved file for publication. The trainer may change or delete the file afterwards.

        Args:
            path: The ``.safetensors`` file, or a folder that contains one.
            step: Training step.
            epoch: Training epoch.
            metric: The score that ``which="best"`` compares. The highest is the best, so give a loss as ``-loss``.
            final: Whether this is the run's result.
            facts: What is known about the model, by the field names of :class:`rw_hooks.facts.TrainingFacts`.
        """
        if not self.leads:
            return
        file = weights_in(Path(path).absolute())
        if self._is_dry_run:
            tell(f"dry run: {file} is not published; run 'rw-hooks explain' to see what would be sent")
            return
        session = self._current()
        if session is None:
            return
        known = {
            "number": session.number(file, (step, epoch), final=final),
            "step": number_or_none(int, step),
            "epoch": number_or_none(int, epoch),
            "metric": number_or_none(float, metric),
            "final": final,
            "facts": jsonable(facts or {}),
        }
        if self._hand_over(file, session, known):
            self._see_worker()
            _LOG.info("rw-hooks: queued %s", file)

    def _hand_over(self, file: Path, session: Session, known: dict[str, Any]) -> bool:
        """Keep the bytes and write the queue item; False, with one warning, if the state folder cannot be used."""
        identity, started = uuid.uuid4().hex[:12], time.monotonic()
        held = hold(file, identity, staging=self._path("staging"), spool=self._home / "spool")
        try:
            item = QueueItem(
                id=identity,
                path=str(file),
                held=str(held.path),
                size=held.status.st_size,
                mtime_ns=held.status.st_mtime_ns,
                inode=held.status.st_ino,
                options=pack(self._given),
                endpoint=self._endpoint,
                account=self._account,
                argv=self._argv,
                run=session.run,
                by_name=self._by_name,
                directory=str(self._directory),
                **known,
            )
            waiting = drop(self._home, item, durable=False)
        except OSError as error:
            release(held.path)
            self._say_unusable(error)
            return False
        except BaseException:  # raised again; nothing else knows of the bytes that were kept
            release(held.path)
            raise
        self._handed.append((identity, str(file)))
        self._warned = False
        if not self._account:
            session.waiting.append((item, waiting))
            self._let_go(session)
        if held.copied:
            seconds = time.monotonic() - started
            _LOG.warning("rw-hooks: this file system has no links, so %s was copied, which took %.1f s", file, seconds)
        return True

    def _let_go(self, session: Session) -> None:
        """Remove the copies of superseded saves, because without a key no worker does this."""
        found = sort_out((item for item, _ in session.waiting), lambda _run: False)
        for item, file in session.waiting:
            if item in found.superseded:
                file.unlink(missing_ok=True)
                release(Path(item.held))
        session.waiting = [entry for entry in session.waiting if entry[0] in found.undecided]

    @_never_raises
    def on_end(self, wait: bool | str | None = None) -> None:
        """Say that the run is over: saves that waited for its end are published now.

        Args:
            wait: True or ``yes``: wait until every save is ready or failed. False or ``no``: return at once. ``auto``:
                wait if the worker would die with this process, but at most 5 minutes for an unreachable remote. None:
                the option ``wait``, else ``auto``.
        """
        if not self.leads or self._process != os.getpid():
            return
        self._close()
        reason = self._reason_to_wait(wait)
        if reason and self._handed and self._account:
            tell(f"waiting for the publication ({reason}); Ctrl-C leaves it to 'rw-hooks resume'")
            self._wait(None, math.inf if reason == _AS_ASKED else _PATIENCE_SECONDS)

    @_never_raises
    def on_error(self, error: BaseException) -> None:
        """Say that the run failed: what it has saved is published anyway."""
        if self._handed and self.leads and self._process == os.getpid():
            _LOG.warning("rw-hooks: the training failed (%s); its last save is published", type(error).__name__)
        left = isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit))
        self.on_end(wait=False if left else None)

    def wait(self, timeout: float | None = None) -> tuple[JobStatus, ...]:
        """End the run, wait until every saved file is ready or failed, and return the status of each.

        Args:
            timeout: The longest wait in seconds; by default the option ``timeout``, else 6 hours.

        Returns:
            One :class:`rw_hooks.queue.status.JobStatus` for each queue item, in their order.
        """
        return self._wait(timeout) or ()

    @property
    def leads(self) -> bool:
        """Whether this process is rank 0, the only one that publishes."""
        return process_rank(os.environ) == 0

    @property
    def _is_dry_run(self) -> bool:
        given = self._given.get("dry_run")
        return given is not None and bool(given.value)

    @property
    def handed(self) -> int:
        """How many files were queued."""
        return len(self._handed)

    def __getstate__(self) -> dict[str, Any]:
        """Drop the run when the hook is pickled for another process, because the run belongs to this process."""
        return {**self.__dict__, "_session": None, "_handed": []}

    @_never_raises
    def _prepare(self) -> None:
        """Let the worker check key, AIR source, host and balance while there is time to fix them."""
        session = self._current()
        if session is None:
            return
        if not self._account:
            _LOG.warning(
                "rw-hooks: RUNWARE_API_KEY is not set; saved files are kept, and 'rw-hooks resume' publishes them later"
            )
            return
        self._see_worker()
        threading.Thread(target=self._report_trouble, args=(session.run,), name="rw-hooks-check", daemon=True).start()

    def _report_trouble(self, run: str) -> None:
        until = time.monotonic() + _CHECK_SECONDS
        while time.monotonic() < until:
            trouble = runs.read_trouble(self._home, run)
            if trouble:
                _LOG.warning("rw-hooks: publishing will fail unless you fix this: %s", "; ".join(trouble))
            if trouble is not None:
                return
            time.sleep(_POLL_SECONDS)

    def _current(self) -> Session | None:
        """Return this process's session; None, with one warning, if the state folder cannot be used."""
        if self._session is not None and self._session.process == os.getpid():
            return self._session
        try:
            run = runs.Run(
                options=pack(self._given),
                endpoint=self._endpoint,
                account=self._account,
                directory=str(self._directory),
                argv=self._argv,
                variables=sorted(os.environ),
                before=self._before,
            )
            process_lock = runs.begin(self._home, run)
            private_folder(self._home / "inbox")
        except OSError as error:
            self._say_unusable(error)
            return None
        if self._process != os.getpid():
            self._process, self._handed = os.getpid(), []
        self._session = Session(run.id, process_lock)
        return self._session

    def _say_unusable(self, error: OSError) -> None:
        if not self._warned:
            _LOG.warning(
                "rw-hooks: nothing can be published: the state folder %s cannot be used (%s); free space there, or set "
                "RW_HOOKS_HOME to a folder on a local disk, or run 'rw-hooks publish FILE' after the training",
                self._home, error.strerror or type(error).__name__,
            )  # fmt: skip
        self._warned = True

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is None or session.process != os.getpid():
            return
        session.process_lock.release()
        if not session.saves:
            runs.forget(self._home, session.run)
        else:
            self._see_worker()

    def _see_worker(self) -> bool:
        """Start a worker if none will read the inbox, and return whether that was needed."""
        lease = WorkerLease(self._home, self._endpoint, self._account)
        if not self._account or lease.is_held or lease.is_awaited:
            return False
        command = self._given.get("worker_command")
        try:
            own = {
                OPTIONS[name].variable: str(self._given[name].value) for name in OF_THE_WORKER if name in self._given
            }
            lease.start_worker({**os.environ, **own}, str(command.value) if command else None)
        except (OSError, ValueError) as error:
            _LOG.warning(
                "rw-hooks: the worker cannot be started (%s); saved files are kept, run 'rw-hooks worker' to "
                "publish them",
                error,
            )
        return True

    def _reason_to_wait(self, wait: bool | str | None) -> str:
        given = self._given.get("wait")
        chosen = wait if wait is not None else given.value if given else "auto"
        if chosen in {True, "yes"}:
            return _AS_ASKED
        return cannot_outlive(os.environ) if chosen == "auto" else ""

    @_never_raises
    def _wait(self, timeout: float | None, patience: float = math.inf) -> tuple[JobStatus, ...]:
        self._close()
        given = self._given.get("timeout")
        seconds = timeout if timeout is not None else float(given.value) if given else _WAIT_SECONDS  # type: ignore[arg-type] # a number
        return wait_for(self._home, self._handed, seconds if self._account else 0.0, self._see_worker, patience)

    def _path(self, name: str) -> Path | None:
        given = self._given.get(name)
        return Path(str(given.value)) if given else None


@contextmanager
def publishing(path: str | os.PathLike[str], **options: Any) -> Generator[PublishHook]:  # noqa: ANN401 - as PublishHook
    """Publish what a block of code saves at ``path``, even if the block fails after the save.

    ::

        with rw_hooks.publishing("out/lora.safetensors", trigger_words="sks dog"):
            train()

    Args:
        path: The ``.safetensors`` file that the block writes, or the folder it writes to.
        options: As for :class:`PublishHook`.

    Yields:
        The hook, for saves during the block.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds.
    """
    place, started, process = Path(path).absolute(), time.time_ns(), os.getpid()
    hook = PublishHook(**options)
    try:
        yield hook
    except BaseException as error:
        if process == os.getpid():  # a forked worker that ends also reaches this line
            _hand_over_new(hook, place, started, final=False)
            hook.on_error(error)
        raise
    _hand_over_new(hook, place, started, final=True)
    hook.on_end()


@_never_raises
def _hand_over_new(hook: PublishHook, place: Path, started: int, *, final: bool) -> None:
    """Save the newest complete file that was written at this place since the block began."""
    if process_rank(os.environ) != 0:
        return
    files = [place] if place.is_file() else sorted(place.glob("*.safetensors"))
    new = [file for file in files if file.stat().st_mtime_ns >= started and is_complete(file)]
    if new:
        hook.on_save(max(new, key=lambda file: file.stat().st_mtime_ns), final=final)
    elif final:
        _LOG.warning("rw-hooks: nothing to publish: there is no new .safetensors file at %s", place)
