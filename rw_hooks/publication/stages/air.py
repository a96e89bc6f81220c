"""The AIR of a publication: given, the next free version, or made from the account and the file.

:func:`resolve_air` is the one rule for ``publish``, which reserves the AIR, and for ``explain``, which does not. A
reserved AIR is in the store before anything is sent under it, so the same file with the same request always gets the
same AIR.
"""

from __future__ import annotations

from pathlib import Path

from rw_hooks.air import Air, AirRequest, generated_id
from rw_hooks.config.settings import Settings
from rw_hooks.errors import MissingError, RefusedError
from rw_hooks.publication import policy
from rw_hooks.publication.receipt import read_receipts
from rw_hooks.publication.services import Services, endpoint_of
from rw_hooks.publication.store import Change, Key
from rw_hooks.runware import Account
from rw_hooks.support.deadline import Deadline

__all__ = ["air_source", "ask_account", "resolve_air"]


def resolve_air(  # noqa: PLR0913 - what an AIR is made from
    services: Services,
    key: Key,
    path: Path,
    *,
    deadline: Deadline,
    account: Account | None = None,
    reserve: str | None = None,
) -> str:
    """Return the AIR of this file for this request.

    Args:
        services: The services for the settings of this publication.
        key: The key of the publication.
        path: The file, which may have a receipt beside it.
        deadline: When to stop asking Runware.
        account: The account of the API key; None to ask for it if it is needed.
        reserve: The id of the publication that gets the AIR; None to reserve nothing.

    Raises:
        MissingError: No AIR was given, and the account has no AIR source.
        RefusedError: Runware refused.
        UnreachableError: The platform is unreachable.
    """
    known = services.store.get(reserve) if reserve else services.store.find(key)
    if known is not None and known.air is not None:
        return known.air
    request = AirRequest.parse(key.asked_air) if key.asked_air else None
    if request is None or request.is_complete:
        air = key.asked_air or _generated(key, account or services.client.account(deadline))
        if reserve:
            services.store.apply(reserve, Change(air=air), durable=False)  # the description follows at once, and syncs
        return air
    prefix = f"{request.source}:{request.id}@"
    listed = [prefix + version for version in services.client.versions(request.source, request.id, deadline)]
    remembered = _remembered(key, path, prefix)
    if reserve:
        return services.store.allocate_air(reserve, prefix, listed=listed, remembered=remembered)
    given_out = services.store.airs(key.endpoint, prefix)
    return policy.next_air(prefix, given_out=given_out, listed=listed, remembered=remembered)


def ask_account(services: Services, deadline: Deadline) -> Account:
    """Return the account of the API key, and raise if it cannot upload anything.

    Raises:
        RefusedError: The key is wrong, or the balance is not positive (Runware accepts uploads only with a positive
            balance).
        UnreachableError: Runware is unreachable.
    """
    endpoint = endpoint_of(services.settings)
    account = services.client.account(deadline)
    services.store.remember_account(endpoint.rest_url, endpoint.fingerprint, account.organization, account.air_source)
    if account.balance is not None and account.balance <= 0:
        raise RefusedError(
            "insufficient_credits",
            f"the account's balance is {account.balance:g}, and Runware accepts uploads only with a positive balance; "
            "nothing was uploaded",
            hint="add credit at https://my.runware.ai, then run 'rw-hooks resume'",
        )
    return account


def air_source(settings: Settings) -> str:
    """Return the source of the AIR, in words."""
    given = settings.given.get("air")
    if given is None:
        return "the account's AIR source, the file's sha256, version 1"
    return given.source if AirRequest.parse(str(given.value)).is_complete else f"{given.source}, next free version"


def _generated(key: Key, account: Account) -> str:
    if not account.air_source:
        raise MissingError(
            "no_air_source",
            "the account has no AIR source, and no --air was given; nothing was uploaded",
            hint="create a source in the Runware dashboard, or give --air source:id@version",
        )
    return str(Air(account.air_source, generated_id(key.sha256), "1"))


def _remembered(key: Key, path: Path, prefix: str) -> str | None:
    """Return the AIR under ``source:id`` that the receipt beside the file has for exactly these bytes.

    So the same file gets the same AIR even after the store was lost.
    """
    for receipt in read_receipts(path).values():
        if (receipt.sha256, receipt.endpoint) == (key.sha256, key.endpoint) and receipt.air.startswith(prefix):
            return receipt.air
    return None
