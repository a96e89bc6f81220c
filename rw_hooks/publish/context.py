"""What the stages need from around them: settings, journal, the Runware client, a watcher."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from rw_hooks.errors import MissingError
from rw_hooks.hosts import Host, HostConfig, open_host
from rw_hooks.publish.journal import Journal
from rw_hooks.publish.watcher import Silent, Watcher
from rw_hooks.runware import Endpoint, RunwareClient
from rw_hooks.settings import Settings

__all__ = ["Clients", "Context", "endpoint_of"]


def endpoint_of(settings: Settings) -> Endpoint:
    """Return the endpoint and key that the settings name.

    Raises:
        MissingError: There is no key.
    """
    if settings.api_key is None:
        raise MissingError(
            "no_api_key",
            "no Runware API key was found",
            hint="set RUNWARE_API_KEY to a key from https://my.runware.ai/keys; nothing was sent",
            stage="setup",
        )
    return Endpoint(settings.api_url, settings.ws_url, settings.api_key)


class Clients:
    """One Runware client for each endpoint, key and transport, opened when first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str, str, str], RunwareClient] = {}

    def get(self, settings: Settings) -> RunwareClient:
        """Return the client for these settings.

        Raises:
            MissingError: There is no key.
        """
        endpoint = endpoint_of(settings)
        transport = settings.value("transport", "auto")
        name = (endpoint.rest_url, endpoint.ws_url, endpoint.fingerprint, transport)
        with self._lock:
            client = self._open.get(name)
            if client is None:
                client = self._open[name] = RunwareClient(endpoint, transport=transport)
        return client

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            clients, self._open = list(self._open.values()), {}
        for client in clients:
            client.close()

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Context:
    """What the stages of one publication share.

    Attributes:
        settings: The options of this publication, and this process's keys and endpoints.
        journal: The journal.
        clients: The Runware clients.
        watcher: Who looks on.
    """

    settings: Settings
    journal: Journal
    clients: Clients = field(default_factory=Clients)
    watcher: Watcher = field(default_factory=Silent)

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.settings.home

    @property
    def client(self) -> RunwareClient:
        """The Runware client for these settings."""
        return self.clients.get(self.settings)

    def host(self, url: str) -> Host:
        """Open the host of this URL."""
        return open_host(url, self.host_config)

    @property
    def host_config(self) -> HostConfig:
        """What hosts need to know of the settings."""
        return HostConfig(
            hf_endpoint=self.settings.hf_endpoint,
            hf_token=self.settings.hf_token,
            hf_xet=self.settings.hf_xet,
            home=self.settings.home,
        )

    def with_settings(self, settings: Settings) -> Context:
        """Return the same context for other settings."""
        return replace(self, settings=settings)
