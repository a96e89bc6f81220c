"""Choosing the AIR of a publication: given, the next free version, or made from the account and the file.

Whatever is chosen stands in the journal before anything is sent, so the same file asked for in the same way gets the
same AIR for ever. One process at a time chooses under one ``source:id``.
"""

from __future__ import annotations

from pathlib import Path

from rw_hooks.air import Air, AirRequest, generated_id
from rw_hooks.errors import MissingError, RefusedError
from rw_hooks.publication.receipt import read_receipts
from rw_hooks.publication.services import Services, endpoint_of
from rw_hooks.publication.store import Row
from rw_hooks.runware import Account
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.named_locks import held

__all__ = ["allot", "ask_account"]

_WAIT_SECONDS = 120.0


def allot(context: Services, row: Row, deadline: Deadline) -> str:
    """Return the AIR of this publication, chosen now if it has none yet.

    Raises:
        MissingError: No AIR was given and the account names no source.
        RefusedError: The account cannot upload (wrong key, no credit).
        UnreachableError: Runware is away.
    """
    if row.air is not None:
        return row.air
    return _choose(context, row, ask_account(context, deadline), deadline)


def ask_account(context: Services, deadline: Deadline) -> Account:
    """Ask for the account behind the key, and stop where it cannot upload anything.

    Raises:
        RefusedError: The key is wrong, or the balance is not positive (Runware takes uploads only with a positive one).
        UnreachableError: Runware is away.
    """
    endpoint = endpoint_of(context.settings)
    account = context.client.account(deadline)
    context.journal.remember_account(endpoint.rest_url, endpoint.fingerprint, account.organization, account.air_source)
    if account.balance is not None and account.balance <= 0:
        raise RefusedError(
            "insufficient_credits",
            f"the account's balance is {account.balance:g}; Runware takes uploads only with a positive balance",
            hint="add credit at https://my.runware.ai, then run 'rw-hooks resume'; nothing was uploaded",
        )
    return account


def _choose(context: Services, row: Row, account: Account, deadline: Deadline) -> str:
    if not row.key.asked_air:
        return _give(context, row, _generated(row, account))
    request = AirRequest.parse(row.key.asked_air)
    if request.version is not None:
        return _give(context, row, row.key.asked_air)
    name = f"air {row.key.endpoint} {request.source}:{request.id}"
    with held(context.home, name, deadline.within(_WAIT_SECONDS)):
        again = context.journal.row(row.id)
        if again.air:
            return again.air
        known = _from_receipt(context, row, request)
        return _give(context, row, known or _next_version(context, row, request, deadline))


def _generated(row: Row, account: Account) -> str:
    if not account.air_source:
        raise MissingError(
            "no_air_source",
            "the account names no AIR source, and no AIR was given",
            hint="make a source in the Runware dashboard and give --air source:id@version; nothing was uploaded",
        )
    return str(Air(account.air_source, generated_id(row.key.sha256), "1"))


def _from_receipt(context: Services, row: Row, request: AirRequest) -> str | None:
    """Return the AIR under ``source:id`` that the receipt beside the file tells, unless the journal gave it to another.

    So the same file gets the same AIR also after the journal was lost.
    """
    for receipt in read_receipts(Path(row.path)).values():
        same = (receipt.sha256, receipt.endpoint) == (row.key.sha256, row.key.endpoint)
        if same and receipt.air.startswith(f"{request.source}:{request.id}@"):
            return None if context.journal.holders(row.key.endpoint, receipt.air) else receipt.air
    return None


def _next_version(context: Services, row: Row, request: AirRequest, deadline: Deadline) -> str:
    prefix = f"{request.source}:{request.id}@"
    ours = [air[len(prefix) :] for air in context.journal.airs(row.key.endpoint, prefix)]
    theirs = context.client.versions(request.source, request.id, deadline)
    numbers = [int(version) for version in (*ours, *theirs) if version.isascii() and version.isdigit()]
    return str(request.at(str(max(numbers, default=0) + 1)))


def _give(context: Services, row: Row, air: str) -> str:
    context.journal.give_air(row.id, air)
    return air
