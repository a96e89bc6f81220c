"""Downloading a file that a hosted trainer left at a URL, so that it can be inspected before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from rw_hooks.errors import UnreachableError
from rw_hooks.hosts.anonymous import AnonymousClient
from rw_hooks.hosts.private_network import is_private_address
from rw_hooks.support import http
from rw_hooks.support.atomic_file import replacing
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.redact import redact_url

__all__ = ["fetch_file"]


def fetch_file(url: str, target: Path, deadline: Deadline) -> None:
    """Download the URL anonymously into the file, unless an earlier attempt has done this already.

    Raises:
        RefusedError: The URL does not give a file without a login.
        UnreachableError: The server is unreachable, slow, or sent only a part of the file.
    """
    if target.exists():
        return
    private_folder(target.parent)
    with replacing(target) as file:
        _fetch(url, file, deadline)


def _fetch(url: str, file: IO[bytes], deadline: Deadline) -> None:
    with http.open_client() as client:
        anonymous = AnonymousClient(client, url, allow_private_addresses=is_private_address(url), deadline=deadline)
        with anonymous.fetch() as fetched:
            for chunk in fetched.chunks:
                file.write(chunk)
    if fetched.size is not None and file.tell() != fetched.size:
        raise UnreachableError(
            "cut_off",
            f"{redact_url(url)} ended after {file.tell()} of {fetched.size} bytes",
            hint="run the same command again",
        )
