"""Seeing, continuing and dropping publications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from rw_hooks.errors import UsageError
from rw_hooks.home import clear_state_leftovers
from rw_hooks.publish.after import run_command
from rw_hooks.publish.api import finish, let_go, tidy_up
from rw_hooks.publish.context import Clients, Context, endpoint_of
from rw_hooks.publish.given import unpack
from rw_hooks.publish.handing import forget_runs, handle, look, report, supersede
from rw_hooks.publish.holding import release_item
from rw_hooks.publish.inbox import HandOver, remove, waiting
from rw_hooks.publish.intake import is_bad_artifact, retry
from rw_hooks.publish.journal import Journal, Row
from rw_hooks.publish.machine import machine_error
from rw_hooks.publish.outcome import failed_before_journal, shown
from rw_hooks.publish.publication import Publication
from rw_hooks.publish.watcher import Watcher
from rw_hooks.runware import Endpoint
from rw_hooks.settings import Settings

__all__ = ["cancel", "jobs", "resume"]


def jobs(settings: Settings) -> list[Publication]:
    """Return every publication that the state folder knows of, oldest first, then what waits in the inbox."""
    with Journal(settings.home) as journal:
        known = [shown(journal, row.id, "nothing") for row in journal.rows()]
    return [*known, *(_waiting_shown(item) for _, item in waiting(settings.home) if isinstance(item, HandOver))]


def resume(settings: Settings, names: Sequence[str], watcher: Watcher) -> Iterator[Publication]:
    """Go on with what waits in the inbox and with every publication that is pending or failed, bad artifacts apart.

    Publications of other endpoints and other keys are left alone.

    Args:
        settings: Keys and endpoints of this process.
        names: Ids (or the beginnings of ids) of the publications to go on with; all where empty.
        watcher: Who looks on.

    Yields:
        Each publication as it ends, ready or stuck.

    Raises:
        UsageError: There is no publication of such a name, or it is over.
        MissingError: No key.
    """
    endpoint = endpoint_of(settings)
    clear_state_leftovers(settings.home)
    with Journal(settings.home) as journal, Clients() as clients:
        context = Context(settings, journal, clients, watcher)
        tidy_up(context)
        if not names:
            yield from _take_waiting(context, endpoint)
        for row in _unfinished(journal, endpoint, names):
            watcher.start(row.path)
            publication = finish(context, row.id, partial(_retry, row.id))
            run_command(unpack(settings, row.options), publication, Path.cwd())
            yield publication


def cancel(settings: Settings, name: str) -> Publication:
    """Drop a publication that is not ready yet; one that is under way stops before its next stage.

    Raises:
        UsageError: There is no publication of this name, or it is over.
    """
    for file, item in waiting(settings.home):
        if isinstance(item, HandOver) and item.id.startswith(name):
            remove(file)
            release_item(item)
            return _waiting_shown(item).model_copy(update={"status": "cancelled"})
    with Journal(settings.home) as journal:
        row = _named(journal, name)
        if not journal.cancel(row.id):
            raise UsageError("already_over", f"publication {row.id} is {row.status}; there is nothing to cancel")
        let_go(row, settings.home)
        return shown(journal, row.id, "nothing").model_copy(update={"error": None, "exit_code": 0})


def _take_waiting(context: Context, endpoint: Endpoint) -> Iterator[Publication]:
    """Work off what waits in the inbox for this endpoint and key, and what was handed over without a key."""
    found = look(context.home, endpoint.rest_url, (endpoint.fingerprint, ""))
    for trouble in found.newer:
        context.watcher.note(f"left for a newer version of rw-hooks: {trouble}")
    for file, error in found.unreadable.items():
        yield failed_before_journal(str(file), machine_error(error))
    for item in found.sorted.undecided:
        context.watcher.note(f"left until its training is over: {item.path}")
    for item in found.sorted.superseded:
        supersede(context, item, found.files[item.id])
    for item in found.sorted.due:
        own = context.with_settings(unpack(context.settings, item.options))
        publication = handle(own, item, found.files[item.id])
        if publication is not None:
            report(context.home, item, publication)
            run_command(own.settings, publication, Path(item.directory or Path.cwd()))
            yield publication
    forget_runs(context.home, endpoint.rest_url, (endpoint.fingerprint, ""))


def _retry(identity: str, context: Context) -> None:
    retry(context, identity)


def _unfinished(journal: Journal, endpoint: Endpoint, names: Sequence[str]) -> list[Row]:
    if names:
        chosen = [_named(journal, name) for name in names]
        over = next((row for row in chosen if row.status not in {"pending", "failed"}), None)
        if over is not None:
            raise UsageError("already_over", f"publication {over.id} is {over.status}; there is nothing to resume")
        return chosen
    return [row for row in journal.rows() if _can_go_on(row) and _is_ours(journal, row, endpoint)]


def _can_go_on(row: Row) -> bool:
    return row.status in {"pending", "failed"} and not is_bad_artifact(row)


def _is_ours(journal: Journal, row: Row, endpoint: Endpoint) -> bool:
    return row.key.endpoint == endpoint.rest_url and row.key.account in journal.same_account(
        endpoint.rest_url, endpoint.fingerprint
    )


def _named(journal: Journal, name: str) -> Row:
    found = [row for row in journal.rows() if row.id.startswith(name)]
    if len(found) != 1:
        what = "no publication has" if not found else "several publications have"
        raise UsageError("no_such_job", f"{what} an id that begins with {name!r}", hint="look with 'rw-hooks jobs'")
    return found[0]


def _waiting_shown(item: HandOver) -> Publication:
    return Publication(id=item.id, status="pending", path=item.path, size=item.size)
