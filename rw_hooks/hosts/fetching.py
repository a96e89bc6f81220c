"""Fetching a file that a hosted trainer left at a URL, so that it can be inspected before anybody is told of it."""

from __future__ import annotations

from pathlib import Path

from rw_hooks import web
from rw_hooks.deadline import Deadline
from rw_hooks.errors import UnreachableError
from rw_hooks.home import private_folder
from rw_hooks.hosts.address import is_private_address
from rw_hooks.hosts.stranger import Stranger
from rw_hooks.redact import redact_url

__all__ = ["fetch_file"]


def fetch_file(url: str, target: Path, deadline: Deadline) -> None:
    """Fetch the URL as a stranger into the file, unless it is there already from an earlier try.

    Raises:
        RefusedError: The URL does not serve a file to a stranger.
        UnreachableError: The server is away, slow, or cut the file off.
    """
    if target.exists():
        return
    partial = private_folder(target.parent) / f".{target.name}.partial"
    allowed = is_private_address(url)
    with web.open_client() as client:
        stranger = Stranger(client, url, allow_private_addresses=allowed, deadline=deadline)
        with stranger.fetch() as fetched, partial.open("wb") as file:
            for chunk in fetched.chunks:
                file.write(chunk)
            written = file.tell()
    if fetched.size is not None and written != fetched.size:
        raise UnreachableError(
            "cut_off", f"{redact_url(url)} ended after {written} of {fetched.size} bytes", hint="try again"
        )
    partial.replace(target)
