"""The stages of a publication, each a function from what the stages before it produced to one small value.

Every stage can be repeated at any time without harm: it asks what is there before it does anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, SecretStr, TypeAdapter

from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.config.settings import Settings
from rw_hooks.describe import Description, WireValue
from rw_hooks.errors import ArtifactChangedError, ArtifactError, MissingError, RefusedError, UnreachableError
from rw_hooks.hosts import Host, HostedFile, Location, Preflight, is_private_address, preflight
from rw_hooks.publication.ledger import StoreLedger
from rw_hooks.publication.model import Stage
from rw_hooks.publication.option_codec import secret_fields
from rw_hooks.publication.receipt import Receipt, read_receipts, write_receipt
from rw_hooks.publication.services import Services, host_at, host_url
from rw_hooks.publication.stages.air import allot
from rw_hooks.publication.stages.describe import describe_row
from rw_hooks.publication.stages.preview_image import hosted_hero
from rw_hooks.publication.store import Result, Row
from rw_hooks.runware import ModelUpload, Phase, Registration, build_upload
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.file_state import FileState
from rw_hooks.support.named_locks import held

__all__ = ["INSPECTION", "RUN", "Registered", "Work", "inspection_of"]

INSPECTION = TypeAdapter(Inspection)
"""Reads an inspection back from the journal, and checks it."""


@dataclass(frozen=True)
class Work:
    """One publication under way.

    Attributes:
        context: Settings, journal, clients, observer.
        row: The publication as the journal has it.
        results: What the stages before have produced.
        deadline: When the whole of it must be over.
    """

    context: Services
    row: Row
    results: Mapping[Stage, Result]
    deadline: Deadline

    @property
    def inspection(self) -> Inspection:
        """What the inspect stage produced."""
        return inspection_of(self.results)

    @property
    def description(self) -> Description:
        """What the describe stage produced."""
        return Description.model_validate(self.results["describe"].value)

    @property
    def location(self) -> Location:
        """What the host stage produced."""
        return Location.model_validate(self.results["host"].value)

    @property
    def file(self) -> HostedFile:
        """The bytes to host."""
        inspection = self.inspection
        assert inspection.sha256 is not None  # noqa: S101 - only whole inspections are journalled
        return HostedFile(
            path=Path(self.row.held), name=Path(self.row.path).name, size=inspection.size, sha256=inspection.sha256
        )

    def open_host(self, url: str) -> Host:
        """Open the host, with the secret part of its URL where the user gave one."""
        return host_at(self.context.settings, self.context.journal.secrets(self.row.id).get("host", url))


class Registered(BaseModel):
    """What the register stage produced: the platform's own words, and what it was told."""

    air: str
    transport: str
    phases: tuple[dict[str, str], ...]
    fields: dict[str, WireValue]
    url: str


def inspection_of(results: Mapping[Stage, Result]) -> Inspection:
    """Return what the inspect stage produced."""
    return INSPECTION.validate_python(results["inspect"].value)


def _describe(work: Work) -> Description:
    context, row, inspection = work.context, work.row, work.inspection
    describe_row(context, row, inspection, air=row.air).require_complete()
    air = allot(context, row, work.deadline)
    described = hosted_hero(context, describe_row(context, row, inspection, air=air), work.deadline)
    replaced = _replacement(work, air)
    if replaced is None:
        return described
    return described.model_copy(update={"findings": (*described.findings, replaced)})


def _replacement(work: Work, air: str) -> Finding | None:
    """Warn where the AIR that was asked for already holds a model with other weights."""
    if work.row.live or "@" not in work.row.key.asked_air:
        return None
    told = read_receipts(Path(work.row.path)).get(air)
    if told is not None and (told.sha256, told.endpoint) == (work.row.key.sha256, work.row.key.endpoint):
        return None  # the journal was lost: it holds these very weights
    others = [row for row in work.context.journal.holders(work.row.key.endpoint, air) if row.live]
    if not others and work.context.client.find(air, work.deadline) is None:
        return None
    return Finding(
        code="replaces_weights",
        severity="warning",
        message=f"{air} already holds a model; its weights are replaced by this file's",
    )


def _host(work: Work) -> Location:
    description = work.description
    url = host_url(work.context.settings, str(description.fields["name"]))
    _require_unchanged(work)
    reach("host.before_upload")
    location = work.open_host(url).upload(work.file, work.context.observer.moved, work.deadline)
    reach("host.after_upload")
    return location


def _require_unchanged(work: Work) -> None:
    """Stop where the file is gone or has another size; its content is checked where it is hosted."""
    try:
        size = FileState.of(Path(work.row.held)).size
    except OSError:
        raise ArtifactError(
            "file_gone", f"{work.row.path} is no longer there", hint="publish it again from where it is now"
        ) from None
    if size != work.inspection.size:
        raise ArtifactChangedError(
            "artifact_changed",
            f"{work.row.path} was rewritten since it was inspected",
            hint="publish it again; the older content was not uploaded",
        )


def _preflight(work: Work) -> Preflight:
    location = work.location
    url = work.open_host(location.host).mint(location, work.deadline)
    reach("preflight.before")
    seen = preflight(
        url,
        work.file,
        verify=work.context.settings.value("verify", "auto"),
        allow_private_addresses=_on_private_network(work.context.settings, location),
        deadline=work.deadline,
    )
    reach("preflight.after")
    return seen


def _on_private_network(settings: Settings, location: Location) -> bool:
    """Whether the place that the user named is itself on loopback or a private network."""
    named = settings.hf_endpoint if location.host.startswith("hf://") else location.url
    return is_private_address(named)


def _register(work: Work) -> Registered:
    description, location = work.description, work.location
    registration = work.context.client.register(
        _request(work),
        ledger=StoreLedger(work.context.journal, work.row.id),
        mint=lambda: _mint(work, location),
        on_phase=lambda phase: _tell(work, phase),
        deadline=work.deadline,
    )
    return _registered(registration, description, location)


def _request(work: Work) -> ModelUpload:
    """Return the request with its URLs whole; it does not show them."""
    whole = secret_fields(work.context.journal.secrets(work.row.id))
    fields = work.description.fields
    return build_upload({name: whole.get(name, value) for name, value in fields.items() if name != "taskType"})


def _registered(registration: Registration, description: Description, location: Location) -> Registered:
    phases = tuple({"status": phase.status, "at": phase.at} for phase in registration.phases)
    return Registered(
        air=registration.air,
        transport=registration.transport,
        phases=phases,
        fields={**description.fields, "air": registration.air},
        url=location.url,
    )


def _mint(work: Work, location: Location) -> SecretStr:
    """Return the URL to register: fresh where it is signed; for an update, where nothing is fetched, any that works."""
    try:
        return work.open_host(location.host).mint(location, work.deadline)
    except (MissingError, RefusedError, UnreachableError):
        if not work.row.live:
            raise
        return SecretStr(location.url)


def _tell(work: Work, phase: Phase) -> None:
    reach(f"register.phase.{phase.status}")
    work.context.observer.phase(phase.status, phase.message)


def _settle(work: Work) -> Receipt:
    registered = Registered.model_validate(work.results["register"].value)
    receipt = Receipt(
        air=registered.air,
        sha256=work.row.key.sha256,
        size=work.inspection.size,
        endpoint=work.row.key.endpoint,
        url=registered.url,
        host=work.location.host,
        phases=registered.phases,
        seconds={stage: round(result.seconds, 3) for stage, result in work.results.items()},
        model=registered.fields,
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    reach("settle.before_receipt")
    with held(work.context.home, f"receipt {work.row.path}", work.deadline):
        written = write_receipt(Path(work.row.path), receipt)
    reach("settle.after_receipt")
    if not written:
        work.context.observer.note(f"the receipt could not be written beside {work.row.path}")
    return receipt


RUN: Mapping[Stage, Callable[[Work], BaseModel]] = {
    "describe": _describe,
    "host": _host,
    "preflight": _preflight,
    "register": _register,
    "settle": _settle,
}
