"""Checks of everything that could stop a publication, including the state folder."""

from __future__ import annotations

from collections.abc import Iterator

from rw_hooks.config.settings import Settings
from rw_hooks.engines.base import open_engine
from rw_hooks.errors import RwHooksError
from rw_hooks.publication.checks import Check, checks, failed_check

__all__ = ["Check", "doctor"]


def doctor(settings: Settings) -> Iterator[Check]:
    """Check key, balance, AIR source, host, disk, clock, proxy and state folder; yield each result at once."""
    yield from checks(settings)
    yield _state(settings)


def _state(settings: Settings) -> Check:
    try:
        with open_engine(settings) as engine:
            count = len(engine.store.rows())
    except RwHooksError as error:
        return failed_check("state", error)
    return Check("state", ok=True, message=f"{settings.home}: {count} publications")
