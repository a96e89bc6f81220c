"""A host in forty lines: a server that takes a file by PUT, and serves it when it has all of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from pydantic import SecretStr

from rw_hooks.errors import MissingError
from rw_hooks.hosts import Deadline, HostConfig, HostedFile, Location, Progress


class AcmeHost:
    """``acme://folder``, with the key in ``ACME_KEY``."""

    def __init__(self, url: str, config: HostConfig) -> None:
        self.url = url
        self._folder = os.environ.get("ACME_URL", "https://files.acme.example") + "/" + url.removeprefix("acme://")
        self._key = os.environ.get("ACME_KEY")
        if not self._key:
            raise MissingError("acme_key", "there is no key for Acme", hint="set ACME_KEY")

    def check(self) -> None:
        self._ask("HEAD", f"{self._folder}/")

    def find(self, file: HostedFile) -> Location | None:
        location = self._location(file)
        return location if self._ask("HEAD", location.url) == file.size else None

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        location = self._location(file)
        self._ask("PUT", location.url, file.chunks(progress), file.size)
        return location

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        return SecretStr(location.url)

    def delete(self, location: Location, deadline: Deadline) -> None:
        self._ask("DELETE", location.url)

    def _location(self, file: HostedFile) -> Location:
        url = f"{self._folder}/{file.sha256}/{quote(file.name)}"
        return Location(host=self.url, url=url, access="public")

    def _ask(self, method: str, url: str, body: Iterable[bytes] | None = None, size: int = 0) -> int | None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Length": str(size)}
        try:
            with urlopen(Request(url, body, headers, method=method), timeout=30) as answer:  # noqa: S310 - https
                return int(answer.headers.get("Content-Length", 0))
        except HTTPError as error:
            if error.code == 404:
                return None
            raise
