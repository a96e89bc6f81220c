"""What a host is: a place that gives a file a URL which the platform can fetch."""

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

    def chunks(self, progress: Progress, size: int = _CHUNK) -> Iterator[bytes]:
        """Yield the file's bytes, the last of them only when all of them are those that were inspected.

        So a host that shows a file when it has all of it never shows one that was changed meanwhile.

        Args:
            progress: Told after each chunk that was taken.
            size: Bytes of a chunk.

        Raises:
            ArtifactChangedError: They are other bytes.
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
    """Where the bytes lie. Journalled: holds nothing secret.

    Attributes:
        host: The host's own URL, such as ``hf://user/repo``.
        url: The file's URL without any signed part, pinned to its content where the host can (a Hub commit).
        access: ``public``: the URL works as it is. ``signed``: it must be minted right before use.
        revision: What tells these bytes from others at that URL: the Hub commit, the sha256 in a folder, or None.
        note: What a person should know of it, or empty.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    url: str
    access: Literal["public", "signed"]
    revision: str | None = None
    note: str = ""


class Host(Protocol):
    """A place for bytes. Every method can be repeated at any time without harm.

    What all hosts share stands around each of them (:class:`rw_hooks.hosts.guarded.Guarded`), so a host need not see
    to it: the deadline, an upload of what is there already, a file that changes meanwhile, trying again, and errors
    that hold a secret. A host that can also delete has the method of :class:`Deletes`.
    """

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
        """Put the bytes there and return where they lie; called when :meth:`find` has not found them.

        Other bytes under this name stay as they are. Nobody sees a part of the file. ``progress`` ends the upload
        when its time is over, so it is to be told often, by :meth:`HostedFile.chunks` or otherwise.

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


@runtime_checkable
class Deletes(Protocol):
    """A host that can delete what it was given. A host need not."""

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Remove exactly these bytes; what is gone already, or has been replaced by other bytes, is no error.

        Raises:
            RefusedError: The host said no, or the place is not its own (``not_ours``).
            UnreachableError: The host is away or slow.
        """
        ...
