"""What the Hub double keeps: repositories with commits, files, and what it saw."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

__all__ = ["Refusal", "Repo", "Seen", "StoredFile", "git_oid", "regular_file"]


@dataclass(frozen=True)
class StoredFile:
    """A file in a commit: an LFS pointer to an object, or the bytes themselves."""

    size: int
    oid: str
    sha256: str | None = None
    content: bytes = b""


@dataclass
class Repo:
    """One repository with its one branch."""

    private: bool
    commits: list[tuple[str, dict[str, StoredFile]]] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.commits[-1][0]

    def files(self, revision: str) -> dict[str, StoredFile] | None:
        if revision == "main":
            return self.commits[-1][1]
        return next((files for oid, files in self.commits if oid == revision), None)

    def commit(self, files: dict[str, StoredFile]) -> str:
        oid = hashlib.sha1(secrets.token_bytes(16)).hexdigest()  # a commit's name needs no meaning
        self.commits.append((oid, files))
        return oid


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    origin: str
    endpoint: str
    method: str
    path: str
    token: str | None


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the double
    """An error answer."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def regular_file(content: bytes) -> StoredFile:
    return StoredFile(len(content), git_oid(content), content=content)


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
