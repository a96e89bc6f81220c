"""The check before Runware gets the URL: can anyone download exactly these bytes from it?

How certain the answer is depends on the host; :class:`Preflight` says which method was used:

- ``linked-etag``: the Hub says the file's sha256 (``X-Linked-Etag``), and the first bytes are equal;
- ``ranges``: the size, the first and the last bytes are equal to those of the local file;
- ``full``: every byte was fetched and hashed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from rw_hooks.errors import ArtifactChangedError, RefusedError, UnreachableError
from rw_hooks.hosts.anonymous import AnonymousClient, Fetched
from rw_hooks.hosts.protocol import HostedFile
from rw_hooks.hosts.retrying import pause_before
from rw_hooks.support import http
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import redact_url

__all__ = ["Preflight", "preflight"]

Verify = Literal["auto", "full"]

_ENDS = 262_144
_TRIES = 4


class Preflight(BaseModel):
    """The result of the check.

    Attributes:
        url: The URL without its secret parts.
        method: How the bytes were compared.
        size: Bytes of the file at the URL.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    method: Literal["linked-etag", "ranges", "full"]
    size: int


def preflight(
    url: SecretStr, file: HostedFile, *, verify: Verify, allow_private_addresses: bool, deadline: Deadline
) -> Preflight:
    """Fetch the URL anonymously, and compare it with the file.

    Args:
        url: Where Runware will fetch the file.
        file: The file that it must be.
        verify: ``full`` fetches and hashes everything; ``auto`` does this only if no faster method is possible.
        allow_private_addresses: Whether loopback and private addresses may be fetched from.
        deadline: When to stop.

    Raises:
        RefusedError: The URL does not give these bytes to everyone: ``url_not_public``, ``url_is_page``,
            ``url_is_private``, ``url_redirects``, ``hosted_size_differs``, ``hosted_bytes_differ``.
        UnreachableError: The server is unreachable, slow or failing.
    """
    with http.open_client() as client:
        anonymous = AnonymousClient(
            client, url.get_secret_value(), allow_private_addresses=allow_private_addresses, deadline=deadline
        )
        comparison = _Comparison(anonymous, redact_url(url.get_secret_value()), file)
        attempt = 1
        while True:
            try:
                return comparison.compare(verify)
            except UnreachableError:
                pause = pause_before(attempt)
                if attempt == _TRIES or pause >= deadline.left:
                    raise
            attempt += 1
            time.sleep(pause)


class _Comparison:
    def __init__(self, anonymous: AnonymousClient, shown: str, file: HostedFile) -> None:
        self._anonymous = anonymous
        self._shown = shown
        self._file = file

    def compare(self, verify: Verify) -> Preflight:
        if verify == "full":
            return self._whole()
        head = min(_ENDS, self._file.size)
        with self._anonymous.fetch(0, head - 1) as fetched:
            self._require_a_file(fetched)
            if not fetched.partial:
                return self._hashed(fetched)
            linked = self._require_linked(fetched)
            if self._file.path is None and not linked:
                return self._whole()
            self._require_same(fetched, 0, head)
        if linked:
            return self._seen("linked-etag")
        with self._anonymous.fetch(self._file.size - head, self._file.size - 1) as fetched:
            if not fetched.partial:
                return self._hashed(fetched)
            self._require_same(fetched, self._file.size - head, head)
        return self._seen("ranges")

    def _whole(self) -> Preflight:
        with self._anonymous.fetch() as fetched:
            self._require_a_file(fetched)
            return self._hashed(fetched)

    def _hashed(self, fetched: Fetched) -> Preflight:
        digest, size = hashlib.sha256(), 0
        for chunk in fetched.chunks:
            digest.update(chunk)
            size += len(chunk)
            if size > self._file.size:
                raise self._differs("hosted_size_differs", f"more than {self._file.size} bytes")
        if size < self._file.size:
            raise self._differs("hosted_size_differs", f"{size} bytes")
        if digest.hexdigest() != self._file.sha256:
            raise self._differs("hosted_bytes_differ", f"sha256 {digest.hexdigest()}")
        return self._seen("full")

    def _require_a_file(self, fetched: Fetched) -> None:
        if fetched.content_type.startswith(("text/html", "application/xhtml")):
            raise RefusedError(
                "url_is_page",
                f"{self._shown} is a web page, not the file; nothing was sent to Runware",
                hint="give the download URL of the file with --host (on the Hub: /resolve/, not /blob/ or /tree/)",
            )
        if fetched.size is not None and fetched.size != self._file.size:
            raise self._differs("hosted_size_differs", f"{fetched.size} bytes")

    def _require_linked(self, fetched: Fetched) -> bool:
        if fetched.linked_sha256 not in {None, self._file.sha256}:
            raise self._differs("hosted_bytes_differ", f"sha256 {fetched.linked_sha256}")
        return fetched.linked_sha256 is not None

    def _require_same(self, fetched: Fetched, first: int, length: int) -> None:
        if self._file.path is None:
            return
        if _read_up_to(fetched.chunks, length) != _local(self._file.path, first, length):
            raise self._differs("hosted_bytes_differ", f"other bytes at {first}")

    def _differs(self, code: str, what: str) -> RefusedError:
        return RefusedError(
            code,
            f"{self._shown} has {what}, but {self._file.name} has {self._file.size} bytes and "
            f"sha256 {self._file.sha256}; nothing was sent to Runware",
            hint="publish again to upload the file again, or give its own URL with --host",
        )

    def _seen(self, method: Literal["linked-etag", "ranges", "full"]) -> Preflight:
        return Preflight(url=self._shown, method=method, size=self._file.size)


def _read_up_to(chunks: Iterator[bytes], length: int) -> bytes:
    """Return the body, at most one byte more than ``length``, so that a longer body is noticed."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > length:
            break
    return bytes(body[: length + 1])


def _local(path: Path, first: int, length: int) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(first)
            return stream.read(length)
    except OSError:
        raise ArtifactChangedError(
            "artifact_gone", f"{path.name} is gone, so the hosted file cannot be compared with it",
            hint="publish the file again from its new place",
        ) from None  # fmt: skip
