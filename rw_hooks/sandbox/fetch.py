"""Downloading a ``downloadURL`` as Runware does: anonymously, without any token, and then opening the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rw_hooks.support import http

__all__ = ["FetchError", "Fetched", "fetch", "fetch_bytes", "open_model"]

_CHUNK = 1 << 20
_SNIFF = 512
_HEADERS = {"User-Agent": "runware-sandbox", "Accept-Encoding": "identity"}


class FetchError(Exception):
    """The file could not be had; the text says why."""


@dataclass(frozen=True)
class Fetched:
    """The bytes that arrived."""

    path: Path
    size: int
    sha256: str


def fetch(url: str, path: Path) -> Fetched:
    """Download the URL to the path.

    Raises:
        FetchError: It does not answer with a file: unreachable, not 200, cut short, or a web page.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as target:
            for chunk in _chunks(url):
                size += target.write(chunk)
                digest.update(chunk)
    except OSError as error:
        raise FetchError(str(error)) from error
    return Fetched(path, size, digest.hexdigest())


def fetch_bytes(url: str) -> bytes:
    """Return what the URL gives.

    Raises:
        FetchError: As :func:`fetch`.
    """
    return b"".join(_chunks(url))


def _chunks(url: str) -> Iterator[bytes]:
    try:
        with (
            http.open_client(headers=_HEADERS) as client,
            client.stream("GET", url, follow_redirects=True) as response,
        ):
            _require_file(response)
            chunks = response.iter_raw(_CHUNK)
            first = next(chunks, b"")
            if _is_page(first):
                raise FetchError("the URL gives a web page")
            yield first
            yield from chunks
    except (http.HTTPError, http.InvalidURL) as error:
        raise FetchError(str(error) or type(error).__name__) from error


def open_model(path: Path) -> str:
    """Return why the file is no safetensors file, or an empty text when it opens."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            return ""
    except (SafetensorError, OSError) as error:
        return f"the file is not a valid safetensors file: {error}"


def _require_file(response: http.Response) -> None:
    if response.status_code != 200:  # noqa: PLR2004 - HTTP 200 is its own name
        raise FetchError(f"the URL answers with HTTP status {response.status_code}")
    if "html" in response.headers.get("content-type", ""):
        raise FetchError("the URL gives a web page")


def _is_page(start: bytes) -> bool:
    head = start[:_SNIFF].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html"))
