"""Which addresses are loopback or private, so that a URL cannot make us send requests into a private network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

__all__ = ["is_private_address"]


def is_private_address(url: str) -> bool:
    """Whether the URL's host is, or resolves to, an address that cannot be reached from the public internet.

    A name that does not resolve here does not count as private: a proxy may resolve it, and otherwise the connection
    fails.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(_beyond_reach(str(answer[4][0])) for answer in answers)


def _beyond_reach(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not address.is_global or address.is_multicast
