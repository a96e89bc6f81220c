"""The preflight stage: the URL is fetched anonymously, and must give exactly the bytes that were inspected."""

from __future__ import annotations

from rw_hooks.config.settings import Settings
from rw_hooks.hosts import Location, Preflight, is_private_address, preflight
from rw_hooks.publication.stages.work import Work
from rw_hooks.support.failpoints import reach

__all__ = ["check_url"]


def check_url(work: Work) -> Preflight:
    """Fetch the URL anonymously.

    Raises:
        RefusedError: The URL is private, or gives other bytes.
        UnreachableError: The URL cannot be fetched now.
    """
    location, settings = work.results.location, work.services.settings
    url = work.open_host(location.host).mint(location, work.deadline)
    reach("preflight.before")
    seen = preflight(
        url,
        work.file,
        verify=settings.value("verify", "auto"),
        allow_private_addresses=_on_private_network(settings, location),
        deadline=work.deadline,
    )
    reach("preflight.after")
    return seen


def _on_private_network(settings: Settings, location: Location) -> bool:
    """Whether the host that the user named is itself on loopback or in a private network."""
    named = settings.hf_endpoint if location.host.startswith("hf://") else location.url
    return is_private_address(named)
