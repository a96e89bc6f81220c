"""The AIR that a publication would get, found out without leaving a trace."""

from __future__ import annotations

from contextlib import suppress

from rw_hooks.air import Air, AirRequest, generated_id
from rw_hooks.config.settings import Settings
from rw_hooks.describe import NOT_RESOLVED
from rw_hooks.engines.local.sqlite_store import Journal
from rw_hooks.errors import RwHooksError
from rw_hooks.publication.services import Clients, endpoint_of
from rw_hooks.publication.store import JournalError, Key
from rw_hooks.runware import RunwareClient
from rw_hooks.support.deadline import Deadline

__all__ = ["air_source", "foresee"]

_PATIENCE_SECONDS = 15.0


def foresee(settings: Settings, sha256: str) -> tuple[str | None, str]:
    """Return the AIR that publishing this file now would use, and its source; None where it cannot be told."""
    asked = settings.text("air") or ""
    source = air_source(settings)
    if "@" in asked:
        return asked, source
    if settings.api_key is None:
        return None, NOT_RESOLVED
    known = _from_journal(settings, asked, sha256)
    if known is not None:
        return known, source
    try:
        with Clients() as clients:
            air = _ask(clients.get(settings), asked, sha256)
    except RwHooksError:
        return None, NOT_RESOLVED
    return (air, source) if air else (None, NOT_RESOLVED)


def air_source(settings: Settings) -> str:
    """Return where the AIR comes from, in words."""
    given = settings.given.get("air")
    if given is None:
        return "the account's AIR source, the file's sha256, version 1"
    return given.source if "@" in str(given.value) else f"{given.source}, next free version"


def _from_journal(settings: Settings, asked: str, sha256: str) -> str | None:
    endpoint, journal = endpoint_of(settings), Journal.to_look(settings.home)
    if journal is None:
        return None
    with journal, suppress(JournalError):
        row = journal.find(Key(sha256, asked, endpoint.rest_url, endpoint.fingerprint))
        return row.air if row else None
    return None


def _ask(client: RunwareClient, asked: str, sha256: str) -> str | None:
    deadline = Deadline.after(_PATIENCE_SECONDS)
    if not asked:
        source = client.account(deadline).air_source
        return str(Air(source, generated_id(sha256), "1")) if source else None
    request = AirRequest.parse(asked)
    numbers = [int(version) for version in client.versions(request.source, request.id, deadline) if version.isdigit()]
    return str(request.at(str(max(numbers, default=0) + 1)))
