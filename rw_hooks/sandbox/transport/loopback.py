"""The one address that the sandbox ever has, and whether this machine reaches it directly."""

from __future__ import annotations

import urllib.request

from rw_hooks.errors import MissingError

__all__ = ["HOST", "require_direct"]

HOST = "127.0.0.1"
_PROXIES_OF_LOOPBACK = {"http", "https", "socks", "ws", "all"}


def require_direct() -> None:
    """Refuse to start where a proxy would be asked for this machine's own address.

    Raises:
        MissingError: Proxies are set, and no exception for loopback.
    """
    if _PROXIES_OF_LOOPBACK.isdisjoint(urllib.request.getproxies()) or urllib.request.proxy_bypass(HOST):
        return
    raise MissingError(
        "loopback_proxied",
        f"a proxy is set, and it would also be asked for {HOST}, where the sandbox is",
        hint=f"set NO_PROXY={HOST} (added to what it holds), here and where you call rw-hooks",
        stage="setup",
    )
