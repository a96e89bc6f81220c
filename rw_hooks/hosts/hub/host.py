"""``hf://user/repo[/folder][?public=1]``: a model repository on the Hugging Face Hub.

A repository that we create is private, and weights never go into a public one unasked. A file keeps its name and is
added in one commit, and its URL is pinned to that commit. A file that is already there is found by its sha256 and not
sent again. Every commit names its parent, so a commit whose answer was lost cannot be made twice.
"""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pydantic import SecretStr

from rw_hooks.errors import MissingError, RefusedError, UnreachableError, UsageError
from rw_hooks.hosts.hub.api import HubApi, Repo
from rw_hooks.hosts.hub.upload import Upload, run
from rw_hooks.hosts.protocol import HostConfig, HostedFile, Location, Progress
from rw_hooks.hosts.retrying import PAUSE_MAX
from rw_hooks.support.backoff import pause
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.redact import redact_url

__all__ = ["HubHost", "require_token"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_FORM = "write --host hf://user/repo, or hf://user/repo?public=1 for a public one"
_ASKING = 120.0
_CONFLICT = "hub_conflict"
_PRIVATE_NOTE = "the repository is private: the file is served through the Hub's temporary URLs"


class HubHost:
    """A model repository, or a folder in one.

    Raises:
        UsageError: The URL is not of the form ``hf://user/repo[/folder][?public=1]``.
        MissingError: There is no Hugging Face token.
    """

    def __init__(self, url: str, config: HostConfig) -> None:
        self._repo, self._folder, self._public = _parsed(url)
        self._config = config
        self._token = require_token(config)
        self._api = HubApi(config.hf_endpoint, self._token)
        self._xet: bool | None = None if config.hf_xet else False

    @property
    def url(self) -> str:
        """The host's own URL."""
        return f"hf://{self._repo}{'/' + self._folder if self._folder else ''}{'?public=1' if self._public else ''}"

    def check(self) -> None:
        """Ask the Hub for the token's account and the repository, without changing anything."""
        deadline = Deadline.after(_ASKING)
        account = self._api.account(deadline)
        if account.role == "read":
            raise RefusedError(
                "hub_forbidden", f"the Hugging Face token of {account.name} may only read",
                hint="set HF_TOKEN to a token with write permission: https://huggingface.co/settings/tokens",
            )  # fmt: skip
        repo = self._api.repo(self._repo, deadline)
        if repo is not None:
            self._require_allowed(repo)
            return
        owner = self._repo.partition("/")[0]
        if owner not in {account.name, *account.organisations}:
            raise RefusedError(
                "hub_forbidden", f"{self._repo} does not exist, and {account.name} cannot create it for {owner}",
                hint=f"give a repository of your own: --host hf://{account.name}/name",
            )  # fmt: skip

    def find(self, file: HostedFile) -> Location | None:
        """Return the file's place at the newest commit, if exactly these bytes are there."""
        deadline = Deadline.after(_ASKING)
        repo = self._api.repo(self._repo, deadline)
        if repo is None:
            return None
        self._require_allowed(repo)
        return self._locate(repo, file, deadline)

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Upload the file to the repository in one commit, unless it is there already.

        If another commit came first, this does not count as a failed attempt: the bytes are already at the Hub, and
        committing again costs little. After any other error the next attempt does not use Xet.
        """
        conflicts = 0
        while True:
            conflicts += 1
            repo = self._repo_for_writing(deadline)
            found = self._locate(repo, file, deadline)
            if found is not None:
                return found
            if self._xet is None:
                self._xet = self._api.offers_xet(self._repo, deadline)
            try:
                return self._send(file, repo, xet=self._xet, progress=progress, deadline=deadline)
            except UnreachableError as error:
                if error.code != _CONFLICT:
                    self._xet = False
                    raise
                _step_aside(error, conflicts, deadline)

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return the pinned URL, or for a private repository the Hub's temporary one."""
        if location.access == "public":
            return SecretStr(location.url)
        if not location.url.startswith(f"{self._api.endpoint}/{self._repo}/resolve/"):
            raise RefusedError(
                "hub_other_address", f"{location.url} does not belong to {self._repo} at {self._api.endpoint}",
                hint="set HF_ENDPOINT as it was when the file was uploaded, or publish again",
            )  # fmt: skip
        return self._api.signed_url(location.url, deadline.within(_ASKING))

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Remove the file in one commit, unless the name has other bytes now; the history keeps the older commit."""
        commit, path = self._commit_and_path(location)
        conflicts = 0
        while True:
            conflicts += 1
            repo = self._api.repo(self._repo, deadline)
            there = None if repo is None else self._api.file(self._repo, repo.head, path, deadline)
            if repo is None or there is None or there != self._api.file(self._repo, commit, path, deadline):
                return
            try:
                self._api.remove(self._repo, path, parent=repo.head, deadline=deadline)
            except UnreachableError as error:
                if error.code != _CONFLICT:
                    raise
                _step_aside(error, conflicts, deadline)

    def _commit_and_path(self, location: Location) -> tuple[str, str]:
        inside = f"{self._api.endpoint}/{self._repo}/resolve/"
        commit, _, path = location.url.removeprefix(inside).partition("/")
        if not location.url.startswith(inside) or not path:
            raise RefusedError(
                "not_ours",
                f"{location.url} is not in {self._repo}, so it is not deleted",
                hint="remove it there yourself",
            )
        return commit, unquote(path)

    def _repo_for_writing(self, deadline: Deadline) -> Repo:
        repo = self._api.repo(self._repo, deadline)
        if repo is None:
            self._api.create(self._repo, private=not self._public, deadline=deadline)
            repo = self._api.repo(self._repo, deadline)
        if repo is None:
            raise UnreachableError(
                "hub_unreachable", f"{self._repo} was created, but the Hub does not show it yet",
                hint="nothing is lost; run 'rw-hooks resume' to continue",
            )  # fmt: skip
        self._require_allowed(repo)
        return repo

    def _require_allowed(self, repo: Repo) -> None:
        if not repo.private and not self._public:
            raise RefusedError(
                "hub_repo_public", f"{self._repo} is public, and weights are not made public unasked; nothing "
                                   "was uploaded",
                hint=f"give --host '{self.url}?public=1' to allow it, make the repository private, or give another one",
            )  # fmt: skip

    def _path(self, file: HostedFile) -> str:
        return f"{self._folder}/{file.name}" if self._folder else file.name

    def _locate(self, repo: Repo, file: HostedFile, deadline: Deadline) -> Location | None:
        path = self._path(file)
        remote = self._api.file(self._repo, repo.head, path, deadline)
        if remote is None or remote.size != file.size:
            return None
        if remote.sha256 is None and remote.git_oid != _git_oid(file.path, file.size):
            return None
        if remote.sha256 is not None and remote.sha256 != file.sha256:
            return None
        return Location(
            host=self.url,
            url=f"{self._api.endpoint}/{self._repo}/resolve/{repo.head}/{quote(path)}",
            access="public" if repo.open else "signed",
            revision=repo.head,
            note=_PRIVATE_NOTE if self._public and not repo.open else "",
        )

    def _send(self, file: HostedFile, repo: Repo, *, xet: bool, progress: Progress, deadline: Deadline) -> Location:
        assert file.path is not None  # noqa: S101 - what has no path is found or refused before
        upload = Upload(
            endpoint=self._api.endpoint,
            token=self._token.get_secret_value(),
            repo=self._repo,
            path_in_repo=self._path(file),
            file=str(file.path.absolute()),
            size=file.size,
            sha256=file.sha256,
            parent=repo.head,
            xet=xet,
        )
        reach("hub.before_upload")
        commit = run(upload, self._config, progress, deadline)
        reach("hub.after_commit")
        located = self._locate(Repo(commit, repo.open, repo.private), file, deadline)
        if located is None:
            raise RefusedError(
                "hub_file_left_out", f"{self._repo} accepted the commit, but the file is not in it",
                hint="check the repository's .gitignore, or give another repository with --host",
            )  # fmt: skip
        return located


def require_token(config: HostConfig) -> SecretStr:
    """Return the Hugging Face token.

    Raises:
        MissingError: There is none.
    """
    if config.hf_token is None:
        raise MissingError(
            "hub_token_missing", "there is no host for the file: no Hugging Face token was found and no --host "
                                 "was given",
            hint="set HF_TOKEN (https://huggingface.co/settings/tokens, with write permission), or give --host",
        )  # fmt: skip
    return config.hf_token


def _step_aside(error: UnreachableError, conflicts: int, deadline: Deadline) -> None:
    """Wait a random time, so that several processes do not commit at the same moment; raise if no time is left."""
    seconds = pause(conflicts, first=1.5, most=PAUSE_MAX, jitter=1.0, factor=1.5)
    if seconds >= deadline.left:
        raise error
    time.sleep(seconds)


def _parsed(url: str) -> tuple[str, str, bool]:
    parts = urlsplit(url)
    user, *rest = [parts.netloc, *parts.path.strip("/").split("/")]
    query = parse_qs(parts.query, keep_blank_values=True)
    public = query.pop("public", ["0"])
    named = rest and all(_NAME.fullmatch(part) for part in (user, rest[0]))
    if not named or query or parts.fragment or public not in (["0"], ["1"]) or {"", ".", ".."} & set(rest):
        raise UsageError("bad_host", f"--host: {redact_url(url)!r} is not a place on the Hugging Face Hub", hint=_FORM)
    return f"{user}/{rest[0]}", "/".join(rest[1:]), public == ["1"]


def _git_oid(path: Path | None, size: int) -> str | None:
    """Return git's object id for these bytes (small files may be stored in git itself)."""
    if path is None:
        return None
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1_048_576):
            digest.update(chunk)
    return digest.hexdigest()
