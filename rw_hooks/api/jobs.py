"""Listing, resuming and cancelling publications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from rw_hooks.config.settings import Settings
from rw_hooks.engines.base import DEFAULT_CONCURRENCY, Engine, open_engine
from rw_hooks.errors import UsageError
from rw_hooks.publication.model import STAGE_NAMES, Publication
from rw_hooks.publication.notify import run_command
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.option_codec import unpack
from rw_hooks.publication.policy import is_bad_artifact, is_due
from rw_hooks.publication.results import Results
from rw_hooks.publication.services import endpoint_of
from rw_hooks.publication.store import Row, Store
from rw_hooks.queue.inbox import QueueItem, waiting
from rw_hooks.runware import Endpoint
from rw_hooks.support.redact import redact_url
from rw_hooks.support.text import printable
from rw_hooks.support.thread_pool import many_at_once

__all__ = ["Job", "cancel", "jobs", "resume"]


class Job(BaseModel):
    """One publication in the list of all.

    Attributes:
        id: Its id, for ``resume`` and ``cancel``.
        status: Its status.
        air: Its AIR, or None if it is not known yet.
        path: The file.
        sha256: The file's sha256; None if the file was not read.
        machine: The machine that has the bytes.
        stage: The next stage, or the stage that failed; None if it is over.
        created_at: ISO 8601 in UTC.
        error: Why it stopped, or None.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    status: str
    air: str | None
    path: str
    sha256: str | None
    machine: str
    stage: str | None
    created_at: str
    error: dict[str, Any] | None


def jobs(settings: Settings) -> list[Job]:
    """Return all publications on this machine, oldest first, then the waiting items of the inbox.

    Raises:
        JournalError: The state folder cannot be used.
    """
    with open_engine(settings) as engine:
        known = [_job(engine.store, row) for row in engine.store.rows()]
    enrolled = {job.id for job in known}
    left = [item for _, item in waiting(settings.home) if isinstance(item, QueueItem) and item.id not in enrolled]
    return [*known, *(_waiting_job(item, settings.machine) for item in left)]


def resume(settings: Settings, names: Sequence[str], observer: Observer) -> Iterator[Publication]:
    """Resume the items of the inbox, and all pending and failed publications except those of unusable files.

    Publications of other endpoints and other keys are skipped.

    Args:
        settings: Keys and endpoints of this process.
        names: Ids (or the beginnings of ids) of the publications to resume; empty for all.
        observer: Is told of the progress.

    Yields:
        The publications in their order, ready or not.

    Raises:
        UsageError: There is no publication with such an id, it is over, or it is of another endpoint or key.
        MissingError: There is no key.
    """
    endpoint = endpoint_of(settings)
    with open_engine(settings) as engine:
        chosen = [_to_go_on(engine.store, settings, endpoint, name) for name in names]
        items = [entry.id for entry in chosen if isinstance(entry, QueueItem)]
        drained: set[str | None] = set()
        for publication in engine.drain(observer, items or None) if items or not names else ():
            drained.add(publication.id)
            yield publication
        rows = [entry for entry in chosen if isinstance(entry, Row)] if names else _unfinished(engine.store, endpoint)
        rows = [row for row in rows if row.id not in drained]  # what has just been tried is not tried once more
        threads = settings.value("concurrency", DEFAULT_CONCURRENCY)
        yield from many_at_once(lambda row: _gone_on(engine, settings, row, observer), rows, threads)


def cancel(settings: Settings, name: str) -> Publication:
    """Cancel a publication that is not ready yet; if it is running, it stops before its next stage.

    Raises:
        UsageError: There is no publication with this id, or it is over.
        UnreachableError: Another process is enrolling it now.
    """
    with open_engine(settings) as engine:
        return engine.cancel(_named(engine.store, settings.home, name).id)


def _job(store: Store, row: Row) -> Job:
    over = row.status not in {"pending", "failed"}
    results = Results({} if over else store.results(row.id))
    ahead = next((stage for stage in STAGE_NAMES if is_due(stage, row, results)), None)
    error = {name: value for name, value in row.error.items() if name != "exit_code"} if row.error else None
    return Job(
        id=row.id,
        status=row.status,
        air=row.air,
        path=row.path,
        sha256=row.key.sha256 or None,
        machine=row.machine,
        stage=None if over else (error or {}).get("stage") or ahead,
        created_at=row.created_at,
        error=error,
    )


def _waiting_job(item: QueueItem, machine: str) -> Job:
    return Job(
        id=item.id, status="pending", air=None, path=printable(item.path), sha256=None, machine=machine,
        stage="inspect", created_at=item.at, error=None,
    )  # fmt: skip


def _unfinished(store: Store, endpoint: Endpoint) -> list[Row]:
    return [row for row in store.rows() if _can_go_on(row) and _is_ours(store, row, endpoint)]


def _gone_on(engine: Engine, settings: Settings, row: Row, observer: Observer) -> Publication:
    own = observer.start(row.path)
    try:
        publication = engine.advance(row.id, "retry", own)
    finally:
        own.finish()
    run_command(unpack(settings, row.options), publication, Path.cwd())
    return publication


def _to_go_on(store: Store, settings: Settings, endpoint: Endpoint, name: str) -> Row | QueueItem:
    found = _named(store, settings.home, name)
    if isinstance(found, Row) and not (found.asked or found.status in {"pending", "failed"}):
        raise UsageError("already_over", f"publication {found.id} is {found.status}, so there is nothing to resume")
    if isinstance(found, Row):
        of, ours = found.key.endpoint, _is_ours(store, found, endpoint)
    else:
        of = found.endpoint
        ours = of == endpoint.rest_url and found.account in {endpoint.fingerprint, ""}
    if not ours:
        raise UsageError(
            "other_endpoint",
            f"{name} is for {redact_url(of)} and for the API key that it was published with; nothing was sent",
            hint="set RUNWARE_API_URL, RUNWARE_WS_URL and RUNWARE_API_KEY to the values that were used then",
        )
    return found


def _can_go_on(row: Row) -> bool:
    return (row.asked > 0 or row.status in {"pending", "failed"}) and not is_bad_artifact(row)


def _is_ours(store: Store, row: Row, endpoint: Endpoint) -> bool:
    return row.key.endpoint == endpoint.rest_url and row.key.account in store.same_account(
        endpoint.rest_url, endpoint.fingerprint
    )


def _named(store: Store, home: Path, name: str) -> Row | QueueItem:
    """Return the inbox item or the publication whose id begins with this text; the inbox item if both exist."""
    rows: dict[str, Row | QueueItem] = {row.id: row for row in store.rows()}
    items = {item.id: item for _, item in waiting(home) if isinstance(item, QueueItem)}
    found = [entry for identity, entry in {**rows, **items}.items() if name and identity.startswith(name)]
    if len(found) != 1:
        what = "no publication has" if not found else "several publications have"
        raise UsageError(
            "no_such_job", f"{what} an id that begins with {name!r}", hint="run 'rw-hooks jobs' to see all ids"
        )
    return found[0]
