"""What a host is: a place that gives a file a URL which the platform can fetch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, SecretStr

from rw_hooks.support.deadline import Deadline

__all__ = ["Host", "HostConfig", "HostedFile", "Location", "Progress"]

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all), never more often than a person can read."""


@dataclass(frozen=True)
class HostConfig:
    """What a host needs to know from outside; the engine takes it from the settings.

    Attributes:
        home: The state folder; the Hub client's own files go to a folder in it.
        hf_endpoint: The Hub's address.
        hf_token: The Hugging Face token, or None.
        hf_xet: Whether the Hub client may use Xet.
        stall_seconds: After how many seconds without a byte moved an upload counts as stuck.
    """

    home: Path
    hf_endpoint: str = "https://huggingface.co"
    hf_token: SecretStr | None = field(default=None, repr=False)
    hf_xet: bool = True
    stall_seconds: float = 120.0


class HostedFile(BaseModel):
    """The bytes to host.

    Attributes:
        path: Where they lie now; None when only the host has them (a plain URL).
        name: The file name they shall have at the host.
        size: Bytes.
        sha256: Of all bytes, hexadecimal.
    """

    model_config = ConfigDict(frozen=True)

    path: Path | None
    name: str
    size: int
    sha256: str


class Location(BaseModel):
    """Where the bytes lie. Journalled: holds nothing secret.

    Attributes:
        host: The host's own URL, such as ``hf://user/repo``.
        url: The file's URL without any signed part, pinned to its content where the host can (a Hub commit).
        access: ``public``: the URL works as it is. ``signed``: it must be minted right before use.
        revision: The Hub commit, the object's version, or None.
        note: What a person should know of it, or empty.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    url: str
    access: Literal["public", "signed"]
    revision: str | None = None
    note: str = ""


class Host(Protocol):
    """A place for bytes. Every method can be repeated at any time without harm."""

    @property
    def url(self) -> str:
        """The host's own URL, without secrets."""
        ...

    def check(self) -> None:
        """Find out, without leaving a trace, whether an upload could succeed.

        Raises:
            MissingError: A token is missing.
            RefusedError: It is not allowed.
            UnreachableError: The host is away.
        """
        ...

    def find(self, file: HostedFile) -> Location | None:
        """Return where exactly these bytes already lie under this name, or None."""
        ...

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Put the bytes there, unless :meth:`find` finds them, and return where they lie.

        Raises:
            ArtifactChangedError: The file is not what was inspected.
            RefusedError: The host said no.
            UnreachableError: The host is away or slow, or the deadline passed.
        """
        ...

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return a URL that a stranger can fetch now, asked for until the deadline; for a public location its own.

        Raises:
            RefusedError: The host said no.
            UnreachableError: The host is away.
        """
        ...
