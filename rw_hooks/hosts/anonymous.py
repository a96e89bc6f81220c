"""Fetching a URL anonymously: no token, no cookie, a limited number of redirects, none to another scheme.

What cannot be fetched anonymously, Runware cannot fetch either. Loopback and private addresses are forbidden, unless
the user named a host with such an address.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from rw_hooks.errors import RefusedError, UnreachableError
from rw_hooks.hosts.private_network import is_private_address
from rw_hooks.hosts.retrying import may_pass, unreachable
from rw_hooks.support import http
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import redact_url

__all__ = ["AnonymousClient", "Fetched"]

_REDIRECTS_MAX = 8
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_PARTIAL = 206


@dataclass(frozen=True)
class Fetched:
    """An answer whose body has not been read yet.

    Attributes:
        partial: Whether the server sent the requested range, and not the whole file.
        size: The size of the whole file in bytes, if the server says it.
        content_type: The server's content type, in lower case.
        linked_sha256: The file's sha256, if the server is the Hub and says it.
        chunks: The body.
    """

    partial: bool
    size: int | None
    content_type: str
    linked_sha256: str | None
    chunks: Iterator[bytes]


class AnonymousClient:
    """A client that has a URL and nothing else.

    Args:
        client: An HTTP client without token and cookies.
        url: The URL, which may be secret; messages show it without its query.
        allow_private_addresses: Whether loopback and private addresses may be fetched from.
        deadline: When to stop.
    """

    def __init__(self, client: http.Client, url: str, *, allow_private_addresses: bool, deadline: Deadline) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private_addresses
        self._deadline = deadline

    @contextmanager
    def fetch(self, first: int | None = None, last: int | None = None) -> Generator[Fetched, None, None]:
        """Fetch the file, or its bytes from ``first`` to ``last``.

        Raises:
            RefusedError: The URL does not give the file without a login.
            UnreachableError: The server is unreachable, slow or failing.
        """
        headers = {"Accept-Encoding": "identity"}
        if first is not None:
            headers["Range"] = f"bytes={first}-{last}"
        try:
            with self._follow(headers) as fetched:
                yield fetched
        except (http.HTTPError, TimeoutError) as error:
            raise unreachable(self._url, http.reason(error)) from None
        except http.InvalidURL:
            raise self._misled("is, or redirects to, something that is not a URL") from None

    @contextmanager
    def _follow(self, headers: dict[str, str]) -> Generator[Fetched, None, None]:
        url, linked = self._url, None
        for _ in range(_REDIRECTS_MAX):
            self._require_allowed(url)
            self._client.cookies.clear()
            limits = http.limits_within(self._client, self._deadline.left)
            with self._client.stream("GET", url, headers=headers, timeout=limits) as response:
                linked = linked or _sha256_in(response.headers.get("x-linked-etag"))
                if response.status_code not in _REDIRECTS:
                    self._require_success(response)
                    yield self._fetched(response, linked)
                    return
                url = self._next(url, response.headers.get("location", ""))
        raise self._misled(f"redirects more than {_REDIRECTS_MAX} times")

    def _next(self, url: str, location: str) -> str:
        try:
            return urljoin(url, location)
        except ValueError:
            raise self._misled("is, or redirects to, something that is not a URL") from None

    def _require_allowed(self, url: str) -> None:
        scheme = urlsplit(self._url).scheme
        if urlsplit(url).scheme != scheme:
            raise self._misled(f"redirects to another scheme than {scheme}")
        if not self._allow_private and is_private_address(url):
            raise RefusedError(
                "url_is_private", f"{redact_url(url)} cannot be reached from the public internet; nothing was "
                                  "sent to Runware",
                hint="host the file where Runware can fetch it, for example --host hf://user/repo",
            )  # fmt: skip

    def _misled(self, what: str) -> RefusedError:
        return RefusedError(
            "url_redirects",
            f"{redact_url(self._url)} {what}",
            hint="give the URL of the file itself with --host",
        )

    def _require_success(self, response: http.Response) -> None:
        status = response.status_code
        if status in {_OK, _PARTIAL}:
            return
        if may_pass(status):
            raise unreachable(self._url, f"HTTP {status}")
        raise RefusedError(
            "url_not_public",
            f"{redact_url(self._url)} cannot be downloaded without a login (HTTP {status}); nothing was sent to "
            "Runware",
            hint="make the file public, or give a signed URL that has not expired with --host",
            details={"http_status": status},
        )

    def _fetched(self, response: http.Response, linked: str | None) -> Fetched:
        return Fetched(
            partial=response.status_code == _PARTIAL,
            size=_whole_size(response),
            content_type=response.headers.get("content-type", "").lower(),
            linked_sha256=linked,
            chunks=self._chunks(response),
        )

    def _chunks(self, response: http.Response) -> Iterator[bytes]:
        for chunk in response.iter_raw():
            if self._deadline.passed:
                raise UnreachableError(
                    "host_slow", f"{redact_url(self._url)} could not be checked before the time limit",
                    hint="nothing is lost; run 'rw-hooks resume' to continue, with a longer --timeout",
                )  # fmt: skip
            yield chunk


def _whole_size(response: http.Response) -> int | None:
    if response.status_code == _PARTIAL:
        text = response.headers.get("content-range", "").rpartition("/")[2]
    else:
        text = response.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None


def _sha256_in(etag: str | None) -> str | None:
    """Return the sha256 in an ``X-Linked-Etag``; a git object id (40 digits) is not one."""
    text = (etag or "").removeprefix("W/").strip('"').lower()
    return text if len(text) == 64 and all(letter in "0123456789abcdef" for letter in text) else None  # noqa: PLR2004 - hexadecimal sha256
