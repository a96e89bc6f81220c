"""An ``https://`` URL where the file already is: checked by preflight, never uploaded.

The URL may be secret (signed). Then the query is removed from what is shown and stored, and only this object has the
complete URL. The URL of a Hub page (``/blob/``) is changed to that of the file itself (``/resolve/``).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import SecretStr

from rw_hooks.errors import RefusedError, UsageError
from rw_hooks.hosts.protocol import HostConfig, HostedFile, Location, Progress
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import is_secret_url, redact_url

__all__ = ["UrlHost"]

_HUB = ("https://huggingface.co", "https://hf.co")
_BLOB = re.compile(r"(/[^/?#]+/[^/?#]+)/blob/")


class UrlHost:
    """The file at a URL.

    Raises:
        UsageError: The URL names no server or no file.
    """

    def __init__(self, url: str, config: HostConfig) -> None:
        if not urlsplit(url).hostname or not urlsplit(url).path.strip("/"):
            raise UsageError(
                "bad_host", f"--host: {redact_url(url)!r} names no file on a server",
                hint="write the URL of the .safetensors file itself",
            )  # fmt: skip
        self._secret = SecretStr(_file_url(url, (*_HUB, config.hf_endpoint)))

    @property
    def url(self) -> str:
        """The URL without its secret parts."""
        return redact_url(self._secret.get_secret_value())

    def check(self) -> None:
        """Do nothing, because preflight fetches the URL."""

    def find(self, file: HostedFile) -> Location:
        """Return the URL as the file's place; preflight compares the bytes."""
        del file
        signed = is_secret_url(self._secret.get_secret_value())
        return Location(host=self.url, url=self.url, access="signed" if signed else "public")

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Return the URL as the file's place; there is nothing to upload."""
        del progress, deadline
        return self.find(file)

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return the URL as it was given."""
        del location, deadline
        return self._secret

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Refuse, because rw-hooks did not upload the file.

        Raises:
            RefusedError: Always.
        """
        del deadline
        raise RefusedError(
            "not_ours",
            f"{location.url} was not uploaded by rw-hooks, so it is not deleted",
            hint="remove it there yourself",
        )


def _file_url(url: str, hubs: tuple[str, ...]) -> str:
    hub = next((hub for hub in hubs if url.startswith(hub + "/")), None)
    if hub is None:
        return url
    return hub + _BLOB.sub(r"\1/resolve/", url[len(hub) :], count=1)
