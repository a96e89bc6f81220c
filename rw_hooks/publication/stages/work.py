"""The definition of a stage, and what it works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rw_hooks.hosts import Host, HostedFile
from rw_hooks.publication.model import StageName
from rw_hooks.publication.option_codec import whole_url
from rw_hooks.publication.results import Results, Value
from rw_hooks.publication.services import Services, host_at
from rw_hooks.publication.store import Row
from rw_hooks.support.deadline import Deadline

__all__ = ["Stage", "Work"]


@dataclass(frozen=True)
class Work:
    """One publication that is running.

    Attributes:
        services: The services for its options.
        row: The publication as the store has it.
        results: The results of the earlier stages.
        deadline: When the whole publication must be over.
    """

    services: Services
    row: Row
    results: Results
    deadline: Deadline

    @property
    def file(self) -> HostedFile:
        """The file to host."""
        inspection = self.results.inspection
        return HostedFile(
            path=Path(self.row.held),
            name=Path(self.row.path).name,
            size=inspection.size,
            sha256=self.row.key.sha256,
        )

    def open_host(self, url: str) -> Host:
        """Open the host, with the secret part of its URL if the user gave one."""
        kept = self.services.store.secrets(self.row.id).get("host")
        return host_at(self.services.settings, whole_url(url, kept))


@dataclass(frozen=True)
class Stage:
    """One stage of a publication. It can be run again at any time, because it checks what is there before it acts.

    Attributes:
        name: Its name in the store and in messages.
        run: Takes the work, with the results of the earlier stages, and returns a small result.
        where: ``origin``: it must run on the machine that has the file. ``anywhere``: it may run on any machine.
    """

    name: StageName
    run: Callable[[Work], Value]
    where: Literal["origin", "anywhere"]
