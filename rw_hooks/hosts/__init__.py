"""Hosts: places that give a file a URL from which Runware can download it, and the check of that URL.

A host is named by a URL, and the URL's scheme is the kind of host. Another distribution adds a kind through the
entry-point group ``rw_hooks.hosts``: the entry point's name is the scheme, and its object is called with the URL and a
:class:`HostConfig`. Third parties who write a host may use the names of ``__all__``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from urllib.parse import urlsplit

from rw_hooks.errors import UsageError
from rw_hooks.hosts.download import fetch_file
from rw_hooks.hosts.guarded import Guarded
from rw_hooks.hosts.preflight import Preflight, preflight
from rw_hooks.hosts.private_network import is_private_address
from rw_hooks.hosts.protocol import Deletes, Host, HostConfig, HostedFile, Location, Progress
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import redact_url

__all__ = [
    "Deadline",
    "Deletes",
    "Guarded",
    "Host",
    "HostConfig",
    "HostedFile",
    "Location",
    "Preflight",
    "Progress",
    "default_hub_url",
    "fetch_file",
    "is_private_address",
    "open_host",
    "preflight",
]

Factory = Callable[[str, HostConfig], Host]

ENTRY_POINTS = "rw_hooks.hosts"
_BUILT_IN = {
    "hf": ("rw_hooks.hosts.hub.host", "HubHost"),
    "s3": ("rw_hooks.hosts.object_store", "ObjectStoreHost"),
    "gs": ("rw_hooks.hosts.object_store", "ObjectStoreHost"),
    "az": ("rw_hooks.hosts.object_store", "ObjectStoreHost"),
    "dir": ("rw_hooks.hosts.directory", "DirectoryHost"),
    "http": ("rw_hooks.hosts.url", "UrlHost"),
    "https": ("rw_hooks.hosts.url", "UrlHost"),
}
_ACCOUNT_SECONDS = 60.0
_REPO_NAME_MAX = 90


def open_host(url: str, config: HostConfig) -> Guarded:
    """Return the host of the URL, wrapped in :class:`Guarded`. No request is sent yet.

    Args:
        url: Such as ``hf://user/repo``; the complete URL, including any secret part.
        config: What the host needs from the settings.

    Raises:
        UsageError: The URL is malformed, or its scheme is unknown.
        MissingError: The host needs a token or a package that is missing.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    factory = _factory(scheme)
    if factory is None:
        raise UsageError(
            "bad_host",
            f"--host: {redact_url(url)!r} is not a known kind of host",
            hint=f"write one of {', '.join(name + '://' for name in sorted(_BUILT_IN))}; `rw-hooks publish --help`",
        )
    return Guarded(factory(url, config), *_secrets(url, config))


def default_hub_url(config: HostConfig, name: str) -> str:
    """Return the default host's URL for a model: the user's own Hub repository of that name.

    Args:
        config: Has the Hub's address and the token.
        name: The model's display name.

    Raises:
        MissingError: There is no Hugging Face token.
        RefusedError: The Hub does not accept it.
        UnreachableError: The Hub is unreachable.
    """
    from rw_hooks.hosts.hub.api import HubApi
    from rw_hooks.hosts.hub.host import require_token

    account = HubApi(config.hf_endpoint, require_token(config)).account(Deadline.after(_ACCOUNT_SECONDS))
    return f"hf://{account.name}/{_slug(name)}"


def _factory(scheme: str) -> Factory | None:
    if scheme in _BUILT_IN:
        module, name = _BUILT_IN[scheme]
        built_in: Factory = getattr(import_module(module), name)
        return built_in
    for entry in entry_points(group=ENTRY_POINTS):
        if entry.name == scheme:
            found: Factory = entry.load()
            return found
    return None


def _secrets(url: str, config: HostConfig) -> Iterator[str]:
    password = urlsplit(url).password
    if password:
        yield password
    if config.hf_token is not None:
        yield config.hf_token.get_secret_value()


def _slug(name: str) -> str:
    """Return a repository name: letters, digits, dashes and single dots, never empty."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    words = re.sub(r"-{2,}", "-", re.sub(r"\.{2,}", ".", words))
    slug = words[:_REPO_NAME_MAX].strip("-._").removesuffix(".git")
    return slug or "model"
