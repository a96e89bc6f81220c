"""Checks, before a training starts, whether a publication could succeed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.request import getproxies

from rw_hooks.config.settings import Settings
from rw_hooks.errors import RwHooksError
from rw_hooks.publication.services import Clients, host_at, host_url
from rw_hooks.runware import Account
from rw_hooks.support import http
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.redact import redact_url

__all__ = ["Check", "checks", "failed_check"]

_PATIENCE_SECONDS = 15.0
_LEAST_BYTES = 1_000_000_000
_CLOCK_SECONDS = 300.0


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: What was checked.
        ok: Whether it is in order; None if this could not be found out.
        message: What was found.
        fix: How to fix it; empty if it is in order.
        exit_code: The exit code of a command if it is not in order.
    """

    name: str
    ok: bool | None
    message: str
    fix: str = ""
    exit_code: int = 0


def checks(settings: Settings) -> Iterator[Check]:
    """Check key, balance, AIR source, host, disk, clock and proxy, and yield each result as soon as it is known."""
    with Clients() as clients:
        account = yield from _account(settings, clients)
        yield _air_source(settings, account)
    yield _host(settings)
    yield _disk(settings)
    yield _clock(settings)
    yield _proxy()


def failed_check(name: str, error: RwHooksError) -> Check:
    """Return the result of a check that ended with this error."""
    return Check(name, ok=False, message=error.message, fix=error.hint, exit_code=error.exit_code)


def _account(settings: Settings, clients: Clients) -> Generator[Check, None, Account | None]:
    try:
        account = clients.get(settings).account(Deadline.after(_PATIENCE_SECONDS))
    except RwHooksError as error:
        yield failed_check("key", error)
        yield Check("balance", ok=None, message="not checked, because the key was not accepted")
        return None
    yield Check("key", ok=True, message=f"accepted at {redact_url(settings.api_url)}")
    yield _balance(account)
    return account


def _balance(account: Account) -> Check:
    if account.balance is None:
        return Check("balance", ok=None, message="this key has no permission to read it")
    if account.balance > 0:
        return Check("balance", ok=True, message=f"{account.balance:g}")
    fix = "add credit at https://my.runware.ai: uploads need a positive balance"
    return Check("balance", ok=False, message=f"{account.balance:g}", fix=fix, exit_code=5)


def _air_source(settings: Settings, account: Account | None) -> Check:
    asked = settings.text("air")
    if asked:
        return Check("AIR", ok=True, message=f"{asked}, as given")
    if account is None:
        return Check("AIR", ok=None, message="not checked, because the key was not accepted")
    if account.air_source:
        return Check("AIR", ok=True, message=f"source {account.air_source}, from the account")
    fix = "create a source in the Runware dashboard, or give --air source:id@version"
    return Check("AIR", ok=False, message="the account has no AIR source", fix=fix, exit_code=4)


def _host(settings: Settings) -> Check:
    try:
        url = host_url(settings, "model")
        host_at(settings, url).check()
    except RwHooksError as error:
        return failed_check("host", error)
    return Check("host", ok=True, message=f"{redact_url(url)} can be written")


def _disk(settings: Settings) -> Check:
    try:
        free = shutil.disk_usage(private_folder(settings.home)).free
    except OSError as error:
        return Check("disk", ok=False, message=str(error), fix="set RW_HOOKS_HOME to a folder you can write",
                     exit_code=4)  # fmt: skip
    message = f"{free / 1e9:.1f} GB free at {settings.home}"
    if free >= _LEAST_BYTES:
        return Check("disk", ok=True, message=message)
    return Check("disk", ok=False, message=message, fix="free some space, or set RW_HOOKS_HOME elsewhere", exit_code=4)


def _clock(settings: Settings) -> Check:
    try:
        with http.open_client(read_seconds=10.0) as client:
            told = client.get(settings.api_url).headers.get("date", "")
        drift = abs(parsedate_to_datetime(told).timestamp() - time.time())
    except (http.HTTPError, ValueError, TypeError):
        return Check("clock", ok=None, message="no server returned the time")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    if drift <= _CLOCK_SECONDS:
        return Check("clock", ok=True, message=f"{now}, differs by {drift:.0f} s from the server's")
    fix = "set the clock: signed URLs and TLS depend on it"
    return Check("clock", ok=False, message=f"differs by {drift:.0f} s from the server's", fix=fix, exit_code=4)


def _proxy() -> Check:
    proxies = {scheme: redact_url(url) for scheme, url in getproxies().items() if scheme != "no"}
    if not proxies:
        return Check("proxy", ok=True, message="none")
    return Check("proxy", ok=True, message=", ".join(f"{scheme}: {url}" for scheme, url in sorted(proxies.items())))
