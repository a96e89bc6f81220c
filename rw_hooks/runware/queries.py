"""Questions that change nothing: the account, and which models are there."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from uuid import uuid4

from rw_hooks.air import AirRequest
from rw_hooks.errors import RefusedError
from rw_hooks.runware.messages import AccountDetails, Found, clean
from rw_hooks.runware.rest_api import RestApi
from rw_hooks.runware.types import Account, Listing
from rw_hooks.support.deadline import Deadline

__all__ = ["read_account", "search", "versions"]

_PAGE = 100
_PAGES_MOST = 50

_log = logging.getLogger("rw_hooks.runware")


def read_account(api: RestApi, deadline: Deadline) -> Account:
    """Return what ``accountManagement`` shows; nothing where the key may not see it.

    Raises:
        RefusedError: The key is refused.
        UnreachableError: There was no answer in time.
    """
    task = {"taskType": "accountManagement", "taskUUID": str(uuid4()), "operation": "getDetails"}
    try:
        events = api.ask(task, deadline)
    except RefusedError as error:
        if error.code != "forbidden":
            raise
        _log.info("the key has no permission to read its account; uploads may still work")
        return Account()
    details = next((event for event in events if isinstance(event, AccountDetails)), None)
    if details is None:
        return Account()
    return Account(air_source=details.air_source, balance=details.balance, organization=details.organization)


def search(api: RestApi, text: str, deadline: Deadline) -> Iterator[Listing]:
    """Yield all models that ``modelSearch`` finds for a text, page by page.

    Without ``visibility`` both the older and today's API search all that the key can see. The search is fuzzy: take
    only exact AIRs from it.

    Raises:
        RefusedError: Runware refused.
        UnreachableError: There was no answer in time.
    """
    seen = 0
    for _ in range(_PAGES_MOST):
        task = {"taskType": "modelSearch", "taskUUID": str(uuid4()), "search": text, "limit": _PAGE, "offset": seen}
        page = next((event for event in api.ask(task, deadline) if isinstance(event, Found)), None)
        if page is None or not page.items:
            return
        for item in page.items:
            if clean(item.get("air")):
                yield _listing(item)
        seen += len(page.items)
        if page.total is not None and seen >= page.total:
            return
    _log.warning("modelSearch has more than %d models for %r; the others are ignored", seen, text)


def versions(listings: Iterator[Listing], source: str, identifier: str) -> list[str]:
    """Return the versions under ``source:id`` among what a search found, in its order."""
    found: dict[str, None] = {}
    for listing in listings:
        try:
            air = AirRequest.parse(listing.air)
        except ValueError:
            continue
        if (air.source, air.id) == (source, identifier) and air.version is not None:
            found[air.version] = None
    return list(found)


def _listing(item: Mapping[str, object]) -> Listing:
    private = item.get("private")
    return Listing(
        air=clean(item.get("air")),
        name=clean(item.get("name")) or None,
        version=clean(item.get("version")) or None,
        category=clean(item.get("category")) or None,
        architecture=clean(item.get("architecture")) or None,
        private=private if isinstance(private, bool) else None,
    )
