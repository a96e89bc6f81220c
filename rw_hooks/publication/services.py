"""What the stages need: settings, the store, the Runware client, and an observer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rw_hooks.config.settings import Settings
from rw_hooks.errors import MissingError
from rw_hooks.hosts import Host, HostConfig, default_hub_url, open_host
from rw_hooks.publication.observer import Observer, Silent
from rw_hooks.publication.store import Store
from rw_hooks.runware import Endpoint, RunwareClient
from rw_hooks.runware.types import Transport

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Clients", "Services", "endpoint_of", "host_at", "host_url"]

_AUTO: Transport = "auto"


def endpoint_of(settings: Settings) -> Endpoint:
    """Return the endpoint and key of the settings.

    Raises:
        MissingError: There is no key.
    """
    if settings.api_key is None:
        raise MissingError(
            "no_api_key",
            "no Runware API key was found; nothing was sent",
            hint="set RUNWARE_API_KEY to a key from https://my.runware.ai/keys",
            stage="setup",
        )
    return Endpoint(settings.api_url, settings.ws_url, settings.api_key)


def host_url(settings: Settings, name: str) -> str:
    """Return the URL of the host to use: as given, else the user's own repository on the Hub.

    Raises:
        MissingError: No host was given, and there is no Hub token.
    """
    given = settings.text("host")
    return given if given is not None else default_hub_url(_host_config(settings), name)


def host_at(settings: Settings, url: str) -> Host:
    """Open the host of this URL."""
    return open_host(url, _host_config(settings))


def _host_config(settings: Settings) -> HostConfig:
    return HostConfig(
        hf_endpoint=settings.hf_endpoint, hf_token=settings.hf_token, hf_xet=settings.hf_xet, home=settings.home
    )


class Clients:
    """One Runware client for each endpoint, key and transport, created when it is first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str, str, str], RunwareClient] = {}

    def get(self, settings: Settings) -> RunwareClient:
        """Return the client for these settings.

        Raises:
            MissingError: There is no key.
        """
        endpoint = endpoint_of(settings)
        transport: Transport = settings.value("transport", _AUTO)
        name = (endpoint.rest_url, endpoint.ws_url, endpoint.fingerprint, transport)
        with self._lock:
            client = self._open.get(name)
            if client is None:
                client = self._open[name] = RunwareClient(endpoint, transport=transport)
        return client

    def close(self) -> None:
        """Close all clients."""
        with self._lock:
            clients, self._open = list(self._open.values()), {}
        for client in clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Services:
    """What the stages of one publication have in common.

    Attributes:
        settings: The options of this publication, and this process's keys and endpoints.
        store: The store of the publications.
        clients: The Runware clients.
        observer: Is told of the progress.
    """

    settings: Settings
    store: Store
    clients: Clients = field(default_factory=Clients)
    observer: Observer = field(default_factory=Silent)

    @property
    def client(self) -> RunwareClient:
        """The Runware client for these settings."""
        return self.clients.get(self.settings)

    def with_settings(self, settings: Settings) -> Services:
        """Return the same services for other settings."""
        return replace(self, settings=settings)
