"""The protocol of hosts: a host gives a file a URL from which Runware can download it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, SecretStr

from rw_hooks.errors import ArtifactChangedError
from rw_hooks.support.deadline import Deadline

__all__ = ["Deletes", "Host", "HostConfig", "HostedFile", "Location", "Progress"]

_CHUNK = 4_194_304

Progress = Callable[[int, int], None]
"""A function that is called with (bytes done, bytes in all) during an upload."""


@dataclass(frozen=True)
class HostConfig:
    """What a host needs from the settings.

    Attributes:
        home: The state folder; the files of the Hub's client go to a folder in it.
        hf_endpoint: The Hub's address.
        hf_token: The Hugging Face token, or None.
        hf_xet: Whether the Hub client may use Xet.
        stall_seconds: The seconds without progress after which an upload counts as stuck.
    """

    home: Path
    hf_endpoint: str = "https://huggingface.co"
    hf_token: SecretStr | None = field(default=None, repr=False)
    hf_xet: bool = True
    stall_seconds: float = 120.0


class HostedFile(BaseModel):
    """The file to host.

    Attributes:
        path: The file on this machine; None if only the host has it (an ``https://`` URL).
        name: The file name at the host.
        size: Bytes.
        sha256: The file's sha256, hexadecimal.
    """

    model_config = ConfigDict(frozen=True)

    path: Path | None
    name: str
    size: int
    sha256: str

    def chunks(self, progress: Progress, size: int = _CHUNK) -> Iterator[bytes]:
        """Yield the file's bytes, the last chunk only if all of them are the bytes that were inspected.

        So a host that shows only complete files never shows a file that was changed meanwhile.

        Args:
            progress: Is called after each chunk.
            size: Bytes of a chunk.

        Raises:
            ArtifactChangedError: The file has other bytes now.
        """
        digest, done, chunk = hashlib.sha256(), 0, b""
        with self._there.open("rb") as stream:
            while following := stream.read(size):
                if chunk:
                    yield chunk
                    done += len(chunk)
                    progress(done, self.size)
                digest.update(following)
                chunk = following
        if digest.hexdigest() != self.sha256:
            raise self._changed()
        if chunk:
            yield chunk
            progress(self.size, self.size)

    @property
    def _there(self) -> Path:
        if self.path is None:
            raise self._changed()
        return self.path

    def _changed(self) -> ArtifactChangedError:
        return ArtifactChangedError(
            "artifact_changed",
            f"{self.name} was changed after it was inspected; nothing was published",
            hint="publish it again when the trainer has finished writing it",
        )


class Location(BaseModel):
    """The place of a hosted file. It is stored in the journal, so it contains no secrets.

    Attributes:
        host: The host's own URL, such as ``hf://user/repo``.
        url: The file's URL without any signed part, pinned to its content if the host can do this (a Hub commit).
        access: ``public``: the URL works as it is. ``signed``: a signed URL must be minted right before use.
        revision: What identifies these bytes at that URL: the Hub commit, the sha256 in a folder, or None.
        note: What a person should know about it, or empty.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    url: str
    access: Literal["public", "signed"]
    revision: str | None = None
    note: str = ""


class Host(Protocol):
    """A place for files. Every method can be repeated at any time without harm.

    :class:`rw_hooks.hosts.Guarded` is wrapped around every host and does what all hosts have in common, so a host need
    not do it: it keeps the deadline, skips the upload of a file that is there already, notices a file that changes
    meanwhile, tries again, and removes secrets from errors. A host that can also delete files has the method of
    :class:`Deletes`.
    """

    @property
    def url(self) -> str:
        """The host's own URL, without secrets."""
        ...

    def check(self) -> None:
        """Check whether an upload could succeed, without changing anything at the host.

        Raises:
            MissingError: A token is missing.
            RefusedError: The upload is not allowed.
            UnreachableError: The host is unreachable.
        """
        ...

    def find(self, file: HostedFile) -> Location | None:
        """Return the place where exactly these bytes are already stored under this name, or None."""
        ...

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Upload the file and return its place; called only if :meth:`find` has not found it.

        Another file under this name stays as it is. Nobody ever sees a part of the file. ``progress`` ends the upload
        at the deadline, so it must be called often, by :meth:`HostedFile.chunks` or directly.

        Raises:
            ArtifactChangedError: The file is not what was inspected.
            RefusedError: The host refused.
            UnreachableError: The host is unreachable or slow, or the deadline passed.
        """
        ...

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return a URL from which anyone can download the file now; for a public location, its own URL.

        Raises:
            RefusedError: The host refused.
            UnreachableError: The host is unreachable.
        """
        ...


@runtime_checkable
class Deletes(Protocol):
    """A host that can also delete its files. This is optional."""

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Remove exactly these bytes. If they are gone already, or other bytes have replaced them, this is no error.

        Raises:
            RefusedError: The host refused, or it did not store this file (``not_ours``).
            UnreachableError: The host is unreachable or slow.
        """
        ...
