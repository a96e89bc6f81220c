"""A Hugging Face Hub on loopback, with its CDN on another origin, as huggingface_hub 0.34 to 2.4 use it.

It keeps repositories in memory: LFS objects by sha256, commits as lists of files. The LFS transfer is basic up to
``part_size`` bytes and multipart above. Signed URLs are for GET alone, carry a signature and expire. What a client
uploads is hashed here, so that wrong bytes under a right name are refused as the real storage does.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import Counter

from tests.doubles.faults import Fault, Faults
from tests.doubles.hub_routes import ApiHandler, CdnHandler, Server
from tests.doubles.hub_store import Refusal, Repo, Seen, StoredFile, git_oid, regular_file

__all__ = ["HubDouble", "Seen"]


class HubDouble:
    """The server. Use it as a context manager.

    Attributes:
        token: The one token that may write; its account is ``user`` with the organisation ``org``.
        role: The token's role as whoami tells it.
        part_size: Objects above this many bytes are uploaded in parts.
        signed_seconds: How long a signed URL lives.
        regular: Names stored in git itself and not in LFS.
        ignored: Names that the repository's .gitignore leaves out.
        cdn_front: The CDN's address as the Hub tells it, when something stands in front of it.
        xet_cas: What xet-write-token answers as the address of the storage; None: the Hub knows no Xet.
        seen: Every request.
        counts: ``commits``, ``uploads`` (objects stored), ``bytes`` (received by the CDN), ``creations``.
    """

    def __init__(self, user: str = "ada", org: str = "lab") -> None:
        self.user = user
        self.org = org
        self.token = "hf_" + secrets.token_hex(17)
        self.role = "write"
        self.part_size = 5_000_000
        self.signed_seconds = 3600.0
        self.regular: set[str] = set()
        self.ignored: set[str] = set()
        self.cdn_front: str | None = None
        self.xet_cas: str | None = None
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.seen: list[Seen] = []
        self.counts: Counter[str] = Counter()
        self.faults = Faults()
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self._key = secrets.token_hex(8)
        self._servers = [Server(self, ApiHandler), Server(self, CdnHandler)]

    def __enter__(self) -> HubDouble:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        for server in self._servers:
            server.stop()

    @property
    def url(self) -> str:
        return self._servers[0].url

    @property
    def cdn_url(self) -> str:
        return self.cdn_front or self._servers[1].url

    def fail(
        self, endpoint: str, status: int, *, times: int = 1, retry_after: str | None = None, message: str = "injected"
    ) -> None:
        """Answer the next calls of the endpoint with this status."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        self.faults.add(endpoint, Fault("status", status, headers, message), times)

    def lose(self, endpoint: str, times: int = 1) -> None:
        """Do the work of the next calls, and cut the connection instead of answering."""
        self.faults.add(endpoint, Fault("lose"), times)

    def hang(self, endpoint: str, times: int = 1) -> None:
        """Take the next calls and say nothing."""
        self.faults.add(endpoint, Fault("hang"), times)

    def add_repo(self, name: str, *, private: bool = True) -> Repo:
        repo = Repo(private)
        repo.commit({".gitattributes": regular_file(b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n")})
        self.repos[name] = repo
        return repo

    def put(self, name: str, path: str, content: bytes) -> None:
        """Commit a file, as if somebody had uploaded it before."""
        repo = self.repos.get(name) or self.add_repo(name)
        if path.rpartition("/")[2] in self.regular:
            file = regular_file(content)
        else:
            sha256 = hashlib.sha256(content).hexdigest()
            self.objects[sha256] = content
            file = StoredFile(len(content), git_oid(sha256.encode()), sha256)
        repo.commit({**(repo.files("main") or {}), path: file})

    def calls(self, endpoint: str) -> int:
        """How often the endpoint was called."""
        with self.lock:
            return sum(seen.endpoint == endpoint for seen in self.seen)

    def sign(self, method: str, path: str) -> str:
        """Return a signed CDN URL for one method."""
        expires = f"{time.time() + self.signed_seconds:.3f}"
        return f"{self.cdn_url}{path}?X-Expires={expires}&X-Signature={self._signature(method, path, expires)}"

    def expire_all(self) -> None:
        """Have no signed URL accepted that was given until now."""
        self._key = secrets.token_hex(8)

    def verify(self, method: str, path: str, query: dict[str, list[str]]) -> None:
        expires = query.get("X-Expires", ["0"])[0]
        if query.get("X-Signature", [""])[0] != self._signature(method, path, expires):
            raise Refusal(403, "SignatureDoesNotMatch")
        if float(expires) < time.time():
            raise Refusal(403, "Request has expired")

    def _signature(self, method: str, path: str, expires: str) -> str:
        return hashlib.sha256(f"{self._key}{method}{path}{expires}".encode()).hexdigest()
