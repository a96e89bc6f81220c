"""Seeing, continuing and dropping publications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rw_hooks.api.publish import finish, let_go, tidy_up
from rw_hooks.config.settings import Settings
from rw_hooks.config.state_dir import clear_state_leftovers
from rw_hooks.engines.local.enrol import is_bad_artifact, retry
from rw_hooks.engines.local.intake import forget_runs, handle, look, report, supersede
from rw_hooks.engines.local.sqlite_store import Journal
from rw_hooks.errors import RwHooksError, UsageError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.notify import run_command
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.option_codec import unpack
from rw_hooks.publication.report import failed_before_journal, shown
from rw_hooks.publication.services import Clients, Services, endpoint_of
from rw_hooks.publication.store import Row
from rw_hooks.queue.inbox import QueueItem, remove, waiting
from rw_hooks.queue.snapshot import release_item
from rw_hooks.runware import Endpoint
from rw_hooks.support.named_locks import hand_over_held
from rw_hooks.support.os_errors import from_os_error
from rw_hooks.support.redact import redact_url
from rw_hooks.support.text import printable

__all__ = ["cancel", "jobs", "resume"]

_CANCEL_SECONDS = 2.0


class _Waiting(NamedTuple):
    """A hand-over that nobody has taken yet, and its place in the inbox."""

    item: QueueItem
    file: Path


def jobs(settings: Settings) -> list[Publication]:
    """Return every publication that the state folder knows of, oldest first, then what waits in the inbox."""
    with Journal(settings.home) as journal:
        known = [shown(journal, row.id, "nothing") for row in journal.rows()]
    return [*known, *(_waiting_shown(item) for _, item in waiting(settings.home) if isinstance(item, QueueItem))]


def resume(settings: Settings, names: Sequence[str], observer: Observer) -> Iterator[Publication]:
    """Go on with what waits in the inbox and with every publication that is pending or failed, bad artifacts apart.

    Publications of other endpoints and other keys are left alone.

    Args:
        settings: Keys and endpoints of this process.
        names: Ids (or the beginnings of ids) of the publications to go on with; all where empty.
        observer: Who looks on.

    Yields:
        Each publication as it ends, ready or stuck.

    Raises:
        UsageError: There is no publication of such a name, it is over, or it is of another endpoint or key.
        MissingError: No key.
    """
    endpoint = endpoint_of(settings)
    clear_state_leftovers(settings.home)
    with Journal(settings.home) as journal, Clients() as clients:
        context = Services(settings, journal, clients, observer)
        tidy_up(context)
        if names:
            chosen = [_to_go_on(context, endpoint, name) for name in names]
            for entry in chosen:
                yield from _go_on(context, entry)
            return
        yield from _take_waiting(context, endpoint)
        for row in journal.rows():
            if _can_go_on(row) and _is_ours(journal, row, endpoint):
                yield from _go_on(context, row)


def cancel(settings: Settings, name: str) -> Publication:
    """Drop a publication that is not ready yet; one that is under way stops before its next stage.

    Raises:
        UsageError: There is no publication of this name, or it is over.
        UnreachableError: Another process is just taking it into the journal.
    """
    with Journal(settings.home) as journal:
        found = _named(journal, settings.home, name)
        if isinstance(found, _Waiting):
            with hand_over_held(settings.home, found.item.id, seconds=_CANCEL_SECONDS):
                remove(found.file)
                release_item(found.item)
            return _waiting_shown(found.item).model_copy(update={"status": "cancelled"})
        if not journal.cancel(found.id):
            raise UsageError("already_over", f"publication {found.id} is {found.status}; there is nothing to cancel")
        let_go(found, settings.home)
        return shown(journal, found.id, "nothing").model_copy(update={"error": None, "exit_code": 0})


def _take_waiting(context: Services, endpoint: Endpoint) -> Iterator[Publication]:
    """Work off what waits in the inbox for this endpoint and key, and what was handed over without a key."""
    found = look(context.home, endpoint.rest_url, (endpoint.fingerprint, ""))
    for trouble in found.newer:
        context.observer.note(f"left for a newer version of rw-hooks: {trouble}")
    for file, error in found.unreadable.items():
        yield failed_before_journal(str(file), from_os_error(error))
    for item in found.sorted.undecided:
        context.observer.note(f"left until its training is over: {item.path}")
    for item in found.sorted.superseded:
        supersede(context, item, found.files[item.id])
    for item in found.sorted.due:
        try:
            yield from _go_on(context, _Waiting(item, found.files[item.id]))
        except RwHooksError as error:  # it stays where it is, and the others go on
            yield failed_before_journal(item.path, error)
    forget_runs(context.home, endpoint.rest_url, (endpoint.fingerprint, ""))


def _retry(identity: str, context: Services) -> None:
    retry(context, identity)


def _go_on(context: Services, entry: Row | _Waiting) -> Iterator[Publication]:
    """Take one as far as it goes; nothing is yielded where somebody else has just done so."""
    if isinstance(entry, Row):
        context.observer.start(entry.path)
        publication = finish(context, entry.id, partial(_retry, entry.id))
        run_command(unpack(context.settings, entry.options), publication, Path.cwd())
        yield publication
        return
    item = entry.item
    own = context.with_settings(unpack(context.settings, item.options))
    taken = handle(own, item, entry.file)
    if taken is not None:
        report(context.home, item, taken)
        run_command(own.settings, taken, Path(item.directory or Path.cwd()))
        yield taken


def _to_go_on(context: Services, endpoint: Endpoint, name: str) -> Row | _Waiting:
    found = _named(context.journal, context.home, name)
    if isinstance(found, Row) and found.status not in {"pending", "failed"}:
        raise UsageError("already_over", f"publication {found.id} is {found.status}; there is nothing to resume")
    if isinstance(found, Row):
        of, ours = found.key.endpoint, _is_ours(context.journal, found, endpoint)
    else:
        of = found.item.endpoint
        ours = of == endpoint.rest_url and found.item.account in {endpoint.fingerprint, ""}
    if not ours:
        raise UsageError(
            "other_endpoint",
            f"{name} is for {redact_url(of)} and the key that was used then",
            hint="set RUNWARE_API_URL, RUNWARE_WS_URL and RUNWARE_API_KEY as they were; nothing was sent",
        )
    return found


def _can_go_on(row: Row) -> bool:
    return row.status in {"pending", "failed"} and not is_bad_artifact(row)


def _is_ours(journal: Journal, row: Row, endpoint: Endpoint) -> bool:
    return row.key.endpoint == endpoint.rest_url and row.key.account in journal.same_account(
        endpoint.rest_url, endpoint.fingerprint
    )


def _named(journal: Journal, home: Path, name: str) -> Row | _Waiting:
    """Return what has an id that begins like this, in the inbox or in the journal."""
    handed = [_Waiting(item, file) for file, item in waiting(home) if isinstance(item, QueueItem)]
    found: list[Row | _Waiting] = [entry for entry in handed if name and entry.item.id.startswith(name)]
    found += [row for row in journal.rows() if name and row.id.startswith(name)]
    if len(found) != 1:
        what = "no publication has" if not found else "several publications have"
        raise UsageError("no_such_job", f"{what} an id that begins with {name!r}", hint="look with 'rw-hooks jobs'")
    return found[0]


def _waiting_shown(item: QueueItem) -> Publication:
    return Publication(id=item.id, status="pending", path=printable(item.path), size=item.size)
