"""Publishing and explaining: what the command, the Python function and the observer call."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from rw_hooks.api.inputs import Selected, selected
from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.config.settings import Settings, load
from rw_hooks.config.state_dir import clear_state_leftovers
from rw_hooks.describe import describe
from rw_hooks.engines.local.enrol import is_bad_artifact, renew, require_readable, take, take_unread
from rw_hooks.engines.local.runner import advance, time_allowed
from rw_hooks.engines.local.sqlite_store import Journal
from rw_hooks.errors import MissingError, RwHooksError, UnreachableError, UsageError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.notify import run_command
from rw_hooks.publication.observer import Observer, Silent
from rw_hooks.publication.option_codec import pack, unpack, without_secret
from rw_hooks.publication.report import error_record, failed_before_journal, shown
from rw_hooks.publication.services import Clients, Services, endpoint_of, host_at
from rw_hooks.publication.stages.describe import facts_for, without_secrets
from rw_hooks.publication.stages.foresee import foresee
from rw_hooks.publication.store import JournalError, Row
from rw_hooks.queue import taken
from rw_hooks.queue.inbox import QueueItem, drop, left_waiting, remove
from rw_hooks.queue.snapshot import release, release_item
from rw_hooks.runware import Endpoint
from rw_hooks.support.named_locks import hand_over_held
from rw_hooks.support.os_errors import os_errors_reported

__all__ = ["explain", "finish", "let_go", "publish", "publish_all", "tidy_up", "work_off"]

_OVER = timedelta(hours=1)


def publish(
    path: str | Path, *, settings: Settings | None = None, observer: Observer | None = None, **options: object
) -> Publication:
    """Publish one file, or the chosen file of a run's output folder, and wait until it is ready or stuck.

    The same file asked for in the same way is published once: a second call finds it ready, or goes on where an
    interrupted one stopped, or updates the metadata where the description has changed.

    Args:
        path: The file; a run's output folder; a fal result JSON; a Replicate tar.
        settings: Settings to use instead of loading them from the environment and ``rw-hooks.toml``.
        observer: Who looks on.
        options: Any option of the table in :mod:`rw_hooks.config.options`, such as ``trigger_words`` or ``host``.

    Returns:
        The publication: ``status`` is ``ready``, or ``failed`` or ``pending`` with ``error`` saying why and what mends
        it. Where a folder yields several (``which=all``), the first that did not get ready, else the last.

    Raises:
        UsageError: An option is unknown or out of bounds.
        JournalError: The state folder cannot be used.
    """
    known = settings if settings is not None else load(options)
    publications = list(publish_all([Path(path)], known, observer or Silent()))
    return next((entry for entry in publications if entry.exit_code), publications[-1])


def publish_all(paths: Sequence[Path], settings: Settings, observer: Observer) -> Iterator[Publication]:
    """Publish files and run folders one after the other, yielding each publication as it ends, well or not.

    Raises:
        JournalError: The state folder cannot be used.
    """
    if settings.value("dry_run", False):
        yield from explain(paths, settings)
        return
    clear_state_leftovers(settings.home)
    with Journal(settings.home) as journal, Clients() as clients:
        context = Services(settings, journal, clients, observer)
        tidy_up(context)
        for path in paths:
            spool = settings.home / "spool"
            yield from _each_of(path, settings, observer, spool, lambda entry: _publish_file(context, entry))


def explain(paths: Sequence[Path], settings: Settings) -> Iterator[Publication]:
    """Yield what would be sent for each file, with the source of each field; nothing is changed anywhere.

    With a key and a network the AIR is resolved as far as asking allows; without, it is null.
    """
    with tempfile.TemporaryDirectory(prefix="rw-hooks-") as spool:
        for path in paths:
            yield from _each_of(path, settings, Silent(), Path(spool), _explain_file)


def _each_of(
    path: Path, settings: Settings, observer: Observer, spool: Path, work: Callable[[Selected], Publication]
) -> Iterator[Publication]:
    """Do the work for each file that the path stands for; what stops one of them does not stop the others."""
    try:
        with os_errors_reported():
            entries = selected(path, settings, observer, spool)
    except RwHooksError as error:
        yield failed_before_journal(str(path), error)
        return
    for entry in entries:
        try:
            require_readable(str(entry.path))
            with os_errors_reported():
                publication = work(entry)
            yield publication
        except RwHooksError as error:
            yield failed_before_journal(str(entry.path), error)


def finish(context: Services, identity: str, prepare: Callable[[Services], None]) -> Publication:
    """Take a publication that is in the journal as far as it goes, with the options it was asked for with.

    Args:
        context: For this process's keys and endpoints.
        identity: The publication.
        prepare: Called first, while nobody else can work on the publication.
    """
    try:
        return _advanced(context, identity, prepare)
    finally:
        _tidy(context.journal.row(identity), context.home)


def _advanced(context: Services, identity: str, prepare: Callable[[Services], None]) -> Publication:
    row = context.journal.row(identity)
    own = context.with_settings(unpack(context.settings, row.options))
    try:
        with os_errors_reported():
            change = advance(own, identity, time_allowed(own, row), lambda: prepare(own))
    except RwHooksError as error:
        publication = shown(context.journal, identity, "nothing")
        record = error_record(error)
        return publication.model_copy(update={"exit_code": record.pop("exit_code"), "error": record})
    return shown(context.journal, identity, change)


def tidy_up(context: Services) -> None:
    """Put right what a process that was killed, or a journal that was lost, left behind.

    Hand-overs of publications that the journal no longer knows go back into the inbox. What was kept for publications
    that are over is removed: an hour later nobody can be about to take one of them up again.
    """
    kept = list(taken.kept(context.home))  # before the rows: what is kept has one
    rows = {row.id: row for row in context.journal.rows()}
    for file, publication in kept:
        with suppress(OSError):  # another time
            if publication not in rows:
                taken.give_back(context.home, file)
            elif _is_over(rows[publication]):
                file.unlink(missing_ok=True)
    before = (datetime.now(timezone.utc) - _OVER).isoformat(timespec="milliseconds")
    for row in rows.values():
        if row.updated_at < before:
            _tidy(row, context.home)


def _tidy(row: Row, home: Path) -> None:
    """Remove what was kept for a publication, when it is of no more use."""
    if _is_over(row):
        let_go(row, home)


def let_go(row: Row, home: Path) -> None:
    """Remove what was kept for a publication that is over; never the file that was named."""
    taken.forget(home, row.id)
    if row.held == row.path:
        return
    held, spool = Path(row.held), home / "spool"
    release(held)
    if spool in held.parents and held.parent != spool:
        shutil.rmtree(spool / held.relative_to(spool).parts[0], ignore_errors=True)


def _is_over(row: Row) -> bool:
    return row.status in {"ready", "cancelled", "superseded"} or is_bad_artifact(row)


def work_off(
    context: Services, item: QueueItem, file: Path, on_taken: Callable[[str], None] = lambda _identity: None
) -> Publication:
    """Take what was handed over as far as it goes.

    Args:
        context: For the settings of this hand-over.
        item: The hand-over.
        file: Its place in the inbox; emptied once the journal knows what is to be done.
        on_taken: Called with the publication's id when it is known.

    Raises:
        JournalError: The journal cannot be used; the hand-over stays where it is.
        UnreachableError: This machine failed; the hand-over stays where it is.
    """
    try:
        with os_errors_reported():
            row = take(context, item)
    except (JournalError, UnreachableError):
        raise
    except RwHooksError as error:
        return _not_taken(context, item, file, error)
    on_taken(row.id)

    def prepare(own: Services) -> None:
        try:
            renew(own, row.id)
        finally:
            taken.keep(context.home, file, row.id)

    return finish(context, row.id, prepare)


def _not_taken(context: Services, item: QueueItem, file: Path, error: RwHooksError) -> Publication:
    """Say why a hand-over was not taken; a hook's caller is not there to hear it, so the journal keeps it."""
    error.stage = error.stage or "inspect"
    publication = failed_before_journal(item.path, error)
    if item.run:
        row = take_unread(context, item, "failed", error)
        publication = shown(context.journal, row.id, "nothing")
        release_item(item)
    remove(file)
    return publication


def _publish_file(context: Services, entry: Selected) -> Publication:
    _require_host(entry.settings)
    own = context.with_settings(entry.settings)
    with _in_hand(context.home, _hand_over(entry, endpoint_of(entry.settings))) as (item, file):
        publication = work_off(own, item, file)
    run_command(entry.settings, publication, Path.cwd())
    return publication


@contextmanager
def _in_hand(home: Path, asked: QueueItem) -> Generator[tuple[QueueItem, Path]]:
    """Yield the hand-over, and its place in the inbox, for this process alone.

    What an interrupted command left there, that asked for the very same, is taken up instead.
    """
    with ExitStack() as hands:
        left = left_waiting(home, asked)
        if left is not None and _is_taken_up(home, *left, hands):
            yield left
            return
        file = _dropped(home, asked)
        hands.enter_context(hand_over_held(home, asked.id))
        yield asked, file


def _is_taken_up(home: Path, item: QueueItem, file: Path, hands: ExitStack) -> bool:
    """Take up a hand-over that nobody has in hand, and say whether it was so."""
    try:
        hands.enter_context(hand_over_held(home, item.id, seconds=0.0))
    except UnreachableError:
        return False
    return file.exists()


def _dropped(home: Path, item: QueueItem) -> Path:
    try:
        return drop(home, item, durable=True)
    except OSError as error:
        raise JournalError(
            "state_unwritable",
            f"the state folder {home} cannot be written ({error.strerror}); nothing was sent",
            hint="see that its disk has room and may be written, or set RW_HOOKS_HOME; then publish again",
            stage="setup",
        ) from None


def _hand_over(entry: Selected, endpoint: Endpoint) -> QueueItem:
    try:
        status = entry.held.stat()
    except OSError as error:
        raise UsageError("no_such_file", f"{entry.path} cannot be read: {error.strerror}", stage="inspect") from None
    return QueueItem(
        path=str(entry.path.absolute()),
        held=str(entry.held.absolute()),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
        options=pack(entry.settings.given),
        endpoint=endpoint.rest_url,
        account=endpoint.fingerprint,
        facts=entry.facts,
    )


def _explain_file(entry: Selected) -> Publication:
    settings = entry.settings
    inspection = replace(inspect(entry.held), path=str(entry.path))
    air, air_from = foresee(settings, inspection.sha256 or "")
    facts = facts_for(entry.path, settings, entry.facts)
    described = without_secrets(describe(inspection, facts, settings, air=air, air_source=air_from))
    error: RwHooksError | None = None
    try:
        require_publishable(inspection)
        described.require_complete()
    except RwHooksError as stopped:
        error = stopped
    record = error_record(error) if error else None
    exit_code = record.pop("exit_code") if record else 0
    return Publication(
        status="described",
        air=air,
        sha256=inspection.sha256,
        host=without_secret(settings.text("host")),
        path=str(entry.path),
        size=inspection.size,
        model={**described.fields, "air": air},
        sources=described.sources,
        suggestions=dict(described.suggestions),
        findings=(*inspection.findings, *described.findings),
        error=record,
        exit_code=exit_code,
    )


def _require_host(settings: Settings) -> None:
    given = settings.text("host")
    if given is not None:
        host_at(settings, given)  # a malformed one is refused before a long file is read
    elif settings.hf_token is None:
        raise MissingError(
            "no_host",
            "there is no place to put the file: no --host was given and no Hugging Face token was found",
            hint="set HF_TOKEN (or run 'hf auth login'), or give --host; see 'rw-hooks publish --help'",
            stage="setup",
        )
