"""The requests that we send to the Hugging Face Hub ourselves; its client uploads the bytes and makes the commit.

See :mod:`rw_hooks.hosts.hub.child`.

Every request here can be repeated without harm. The requests are those of huggingface_hub 2.4.0. A redirect is never
followed with the token, except from a file's address within the Hub itself. A renamed repository is refused, and the
error says its new name, because neither all of our requests nor the client would follow the redirect.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from rw_hooks.errors import RefusedError
from rw_hooks.hosts.hub.errors import refusal
from rw_hooks.hosts.retrying import Answer, send, unreachable
from rw_hooks.support import http
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.redact import redact_url

__all__ = ["Account", "HubApi", "RemoteFile", "Repo"]

T = TypeVar("T")

_BUDGET = 90.0
_QUICK = 15.0
_HOPS_MAX = 4
_OK = 200
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_CONFLICT = 409
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOVED = re.compile(r"/api/models/([\w.-]+/[\w.-]+)/revision/main$")


@dataclass(frozen=True)
class Account:
    """The account of a token.

    Attributes:
        name: The user's name.
        organisations: Names of the user's organisations.
        role: The token's role: ``read``, ``write``, ``fineGrained``, or empty if the Hub does not say it.
    """

    name: str
    organisations: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class Repo:
    """A model repository.

    Attributes:
        head: The newest commit of its main branch.
        open: Whether anyone may read it: it is public and not gated.
        private: Whether it is private.
    """

    head: str
    open: bool
    private: bool


@dataclass(frozen=True)
class RemoteFile:
    """A file in a commit.

    Attributes:
        size: Bytes.
        sha256: The sha256 of an LFS file; None for a file that is stored in git itself.
        git_oid: The git blob's object id.
    """

    size: int
    sha256: str | None
    git_oid: str


class _Named(BaseModel):
    name: str = ""


class _AccessToken(BaseModel):
    role: str | None = None


class _Auth(BaseModel):
    accessToken: _AccessToken = _AccessToken()  # noqa: N815 - the Hub's name of it


class _WhoAmI(BaseModel):
    name: str
    orgs: tuple[_Named, ...] = ()
    auth: _Auth = _Auth()


class _Info(BaseModel):
    sha: str
    private: bool = True
    gated: bool | str = False


class _Lfs(BaseModel):
    oid: str


class _Path(BaseModel):
    type: str
    path: str
    size: int = 0
    oid: str = ""
    lfs: _Lfs | None = None


class _Error(BaseModel):
    error: str = ""


_PATHS = TypeAdapter(tuple[_Path, ...])


class HubApi:
    """The Hub's API with one token.

    Args:
        endpoint: The Hub's address.
        token: The Hugging Face token.

    Raises:
        MissingError: The token holds a character that no token has.
    """

    def __init__(self, endpoint: str, token: SecretStr) -> None:
        http.require_sendable(token, "HF_TOKEN")
        self.endpoint = endpoint.rstrip("/")
        self._token = token

    def account(self, deadline: Deadline) -> Account:
        """Return the token's account.

        Raises:
            RefusedError: The token is not valid.
            UnreachableError: The Hub is unreachable.
        """
        answer = self._ask("GET", "/api/whoami-v2", deadline)
        if answer.status != _OK:
            self._refuse(answer, "the Hugging Face token")
        told = self._read(TypeAdapter(_WhoAmI), answer)
        return Account(told.name, tuple(entry.name for entry in told.orgs), told.auth.accessToken.role or "")

    def repo(self, name: str, deadline: Deadline) -> Repo | None:
        """Return the repository, or None if the token can see none of this name."""
        answer = self._ask("GET", f"/api/models/{name}/revision/main", deadline)
        if answer.status == _NOT_FOUND:
            return None
        if answer.status == _UNAUTHORIZED and answer.headers.get("x-error-code") == "RepoNotFound":
            return None
        moved = _MOVED.search(answer.headers.get("location", "")) if answer.status in _REDIRECTS else None
        if moved is not None:
            raise RefusedError(
                "hub_renamed", f"{name} was renamed on the Hub to {moved[1]}", hint=f"give --host hf://{moved[1]}"
            )
        if answer.status != _OK:
            self._refuse(answer, name)
        told = self._read(TypeAdapter(_Info), answer)
        return Repo(told.sha, open=not told.private and not told.gated, private=told.private)

    def create(self, name: str, *, private: bool, deadline: Deadline) -> None:
        """Create the repository; an existing one stays as it is."""
        owner, _, short = name.partition("/")
        content: dict[str, object] = {
            "name": short,
            "organization": owner,
            "visibility": "private" if private else "public",
        }
        reach("hub.before_create")
        answer = self._ask("POST", "/api/repos/create", deadline, content=content)
        reach("hub.after_create")
        if answer.status not in {_OK, _CONFLICT}:
            self._refuse(answer, name)

    def file(self, repo: str, commit: str, path: str, deadline: Deadline) -> RemoteFile | None:
        """Return the file at this path in this commit, or None."""
        address = f"/api/models/{repo}/paths-info/{quote(commit, safe='')}"
        answer = self._ask("POST", address, deadline, form={"paths": path, "expand": "False"})
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            self._refuse(answer, repo)
        rows = self._read(_PATHS, answer)
        found = next((row for row in rows if row.path == path and row.type == "file"), None)
        return None if found is None else RemoteFile(found.size, found.lfs.oid if found.lfs else None, found.oid)

    def remove(self, repo: str, path: str, *, parent: str, deadline: Deadline) -> None:
        """Delete a file in one commit, which is made only if this parent is the newest commit.

        Raises:
            UnreachableError: The repository received another commit meanwhile (``hub_conflict``), or the Hub is
                unreachable.
        """
        header = {"summary": f"Remove {path}", "description": "", "parentCommit": parent}
        lines = ({"key": "header", "value": header}, {"key": "deletedFile", "value": {"path": path}})
        body = "\n".join(json.dumps(line) for line in lines).encode()
        reach("hub.before_remove")
        answer = self._ask("POST", f"/api/models/{repo}/commit/main", deadline, body=body)
        reach("hub.after_remove")
        if answer.status != _OK:
            self._refuse(answer, repo)

    def offers_xet(self, repo: str, deadline: Deadline) -> bool:
        """Whether the Hub supports Xet; its client waits for ever on a Hub that does not."""
        answer = self._ask("GET", f"/api/models/{repo}/xet-write-token/main", deadline.within(_QUICK))
        return answer.status == _OK

    def signed_url(self, url: str, deadline: Deadline) -> SecretStr:
        """Return the temporary URL of a file in a private repository.

        Raises:
            RefusedError: The Hub has no such URL: the file is gone, or it is too small to be stored outside git.
        """
        current = url
        for _ in range(_HOPS_MAX):
            answer = self._ask("HEAD", current.removeprefix(self.endpoint), deadline)
            if answer.status == _OK:
                break
            if answer.status not in _REDIRECTS:
                self._refuse(answer, redact_url(url))
            current = urljoin(current, answer.headers.get("location", ""))
            if _origin(current) != _origin(self.endpoint):
                return SecretStr(current)
        raise RefusedError(
            "hub_no_signed_url", f"the Hub gives no temporary address for {redact_url(url)}",
            hint="publish from a public repository: --host 'hf://user/repo?public=1'",
        )  # fmt: skip

    def _ask(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        content: dict[str, object] | None = None,
        form: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        within = deadline.within(_BUDGET)
        headers = None if body is None else {"Content-Type": "application/x-ndjson"}
        address = self.endpoint + path
        return send(
            self._client, method, address, deadline=within, headers=headers, content=content, form=form, body=body
        )

    @cached_property
    def _client(self) -> http.Client:
        """One client for all requests, because reading the machine's certificates takes long.

        It keeps no connection open.
        """
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}", "Connection": "close"}
        return http.open_client(headers=headers, read_seconds=30.0)

    def _read(self, kind: TypeAdapter[T], answer: Answer) -> T:
        try:
            return kind.validate_json(answer.body)
        except ValidationError:
            raise unreachable(self.endpoint, "its answer is not the Hub's") from None

    def _refuse(self, answer: Answer, what: str) -> NoReturn:
        message = answer.headers.get("x-error-message", "")
        with suppress(ValidationError):
            message = message or _Error.model_validate_json(answer.body).error
        raise refusal(answer.status, message, what=what, token=self._token)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
