"""The only module that knows which HTTP library is used, so that a change of the library changes only this module.

The environment's proxies (``HTTPS_PROXY``, ``NO_PROXY``) and CA settings (``SSL_CERT_FILE``, ``SSL_CERT_DIR``) are
used. Redirects are not followed.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from functools import lru_cache

import httpx
from httpx import Client, HTTPError, HTTPStatusError, InvalidURL, Response, TimeoutException, TransportError
from pydantic import SecretStr

from rw_hooks.errors import MissingError, UsageError
from rw_hooks.support.redact import redact

__all__ = [
    "Client",
    "HTTPError",
    "HTTPStatusError",
    "InvalidURL",
    "Response",
    "TimeoutException",
    "TransportError",
    "limits_within",
    "open_client",
    "reason",
    "require_sendable",
    "tls_context",
]

CONNECT_SECONDS = 15.0
_REASONS = {
    "ConnectError": "no connection",
    "ConnectTimeout": "no answer in time",
    "InvalidURL": "not a URL",
    "PoolTimeout": "no answer in time",
    "ProxyError": "the proxy refused the connection",
    "ReadError": "the connection broke",
    "ReadTimeout": "no answer in time",
    "RemoteProtocolError": "the answer was cut off or is not HTTP",
    "WriteError": "the connection broke",
    "WriteTimeout": "no answer in time",
}
"""What the exceptions of httpx mean, in plain words."""
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


class _WithoutSecrets(logging.Filter):
    """Removes secrets from the log of the HTTP library, which logs complete URLs; a signed URL is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the message and log it."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_WithoutSecrets())


def open_client(*, read_seconds: float = 60.0, headers: Mapping[str, str] | None = None, base_url: str = "") -> Client:
    """Return a client with time limits that follows no redirects.

    Args:
        read_seconds: The longest time in seconds without any byte read or written.
        headers: Sent with every request.
        base_url: Put before every path.

    Raises:
        UsageError: The environment's proxy or certificates cannot be used.
    """
    limits = httpx.Timeout(read_seconds, connect=CONNECT_SECONDS)
    try:
        return httpx.Client(
            timeout=limits, headers=dict(headers or {}), base_url=base_url, follow_redirects=False, verify=tls_context()
        )
    except (ValueError, ImportError, OSError) as error:
        raise UsageError(
            "bad_network_settings",
            f"the proxy or certificate settings of the environment cannot be used ({type(error).__name__})",
            hint="correct HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE or SSL_CERT_DIR; "
            "a SOCKS proxy needs 'pip install socksio python-socks'",
            stage="setup",
        ) from None


def require_sendable(key: SecretStr, variable: str) -> None:
    """Raise if a header cannot contain the key: a copied key may include a curly quote or an invisible character.

    Args:
        key: The key.
        variable: The environment variable that sets it.

    Raises:
        MissingError: It contains a character that no key has.
    """
    text = key.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise MissingError(
            "bad_key", f"{variable} contains a character that no key has, such as a curly quote or an invisible "
                       "character",
            hint=f"copy the key again, and set {variable} to the key only", stage="setup",
        )  # fmt: skip


def reason(error: Exception) -> str:
    """Return why a request got no answer, in a few words without secrets (a proxy's URL may hold a password).

    Args:
        error: The exception of the HTTP library or of the operating system.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError):
            return "no answer in time"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[0].lower() + cause.strerror[1:]
        cause = cause.__cause__ or cause.__context__
    return _REASONS.get(type(error).__name__, type(error).__name__)


def limits_within(client: Client, seconds: float) -> httpx.Timeout:
    """Return the client's time limits, none of them longer than this many seconds."""
    most = max(seconds, 0.001)
    limits = client.timeout.as_dict()
    return httpx.Timeout(**{name: most if limit is None else min(limit, most) for name, limit in limits.items()})


def tls_context() -> ssl.SSLContext:
    """Return the TLS settings of this machine, for HTTP and WebSocket; read only once, because this takes long.

    Raises:
        OSError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names nothing that can be read.
    """
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()
