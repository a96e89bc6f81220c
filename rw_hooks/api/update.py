"""Replacing a ready model's metadata: same file, no upload, no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from rw_hooks.air import Air
from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.config.options import OPTIONS
from rw_hooks.config.settings import Given, Settings
from rw_hooks.describe import Description, WireValue, describe
from rw_hooks.engines.base import Engine, open_engine
from rw_hooks.errors import MissingError, RefusedError, UsageError
from rw_hooks.facts.model import TrainingFacts
from rw_hooks.hosts import HostedFile, Location
from rw_hooks.publication.model import Publication
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.option_codec import pack, secret_options, without_secret_options
from rw_hooks.publication.policy import Update
from rw_hooks.publication.receipt import Receipt, read_receipts
from rw_hooks.publication.report import stored_publication
from rw_hooks.publication.results import Results, as_result
from rw_hooks.publication.services import Clients, Services, endpoint_of, host_at, host_url
from rw_hooks.publication.stages.describe import facts_for, without_secrets
from rw_hooks.publication.stages.preview_image import hosted_image
from rw_hooks.publication.store import Change, Enrolment, Key, Row
from rw_hooks.support.deadline import Deadline

__all__ = ["update"]

_SUFFIX = ".rw.json"
_RECEIPT = "the receipt"
_HERO_SECONDS = 120.0


@dataclass(frozen=True)
class _Known:
    """What is known about the model.

    Attributes:
        air: Its AIR.
        path: Its file.
        inspection: What the file is.
        fields: The registered fields, by their names in Runware's API; if ``certain`` is false, what its file says.
        sources: Where each field came from.
        row: Its row in the journal, or None if it is not there.
        location: The place of its file, if there is no row.
        certain: Whether Runware has exactly these bytes and fields, as far as we know.
        findings: What a person should know.
    """

    air: str
    path: Path
    inspection: Inspection
    fields: Mapping[str, WireValue]
    sources: Mapping[str, str]
    row: Row | None = None
    location: Location | None = None
    certain: bool = True
    findings: tuple[Finding, ...] = ()


def update(air: str, settings: Settings, observer: Observer, file: Path | None = None) -> Publication:
    """Replace the metadata of a ready model by what was registered, changed by the given options.

    The model is searched in the journal; then in the receipt beside ``file`` (or in the receipt given as ``file``, or
    in one in the working directory); then it is described from the file itself, which must already be at the host.

    Raises:
        UsageError: The AIR is malformed.
        MissingError: Neither the journal nor a receipt nor a file says what the model is.
        RefusedError: The update would change the category or the type, which Runware does not allow.
    """
    _require_air(air)
    endpoint_of(settings)
    with open_engine(settings) as engine, Clients() as clients:
        services = Services(settings, engine.store, clients, observer)
        known = _from_store(services, air) or _from_receipt(services, air, file) or _from_file(services, air, file)
        if known is None:
            raise MissingError(
                "unknown_model",
                f"{air} is in neither the journal nor a receipt; nothing was sent",
                hint="give the model's file or its receipt: rw-hooks update AIR FILE",
                stage="setup",
            )
        return _update(engine, services, known)


def _require_air(air: str) -> None:
    try:
        Air.parse(air)
    except ValueError as error:
        raise UsageError("bad_air", str(error), stage="setup") from None


def _update(engine: Engine, services: Services, known: _Known) -> Publication:
    described = _described(services.settings, known)
    for name in ("category", "type"):
        if described.fields.get(name) != known.fields.get(name):
            raise RefusedError(f"{name}_change", f"the {name} of {known.air} cannot be changed; nothing was sent",
                               hint="publish the file under another AIR", stage="describe")  # fmt: skip
    described.require_complete()
    if services.settings.value("dry_run", False):
        return _unchanged(known, described)
    row = known.row or _adopt(services, known)
    if known.certain and described.fields == dict(known.fields) and described.hero_file is None:
        return stored_publication(engine.store, row.id)
    ready = hosted_image(services, described, Deadline.after(_HERO_SECONDS))
    intent = Update(ready, secret_options(pack(services.settings.given)))
    own = services.observer.start(row.path)
    try:
        publication = engine.advance(row.id, intent, own)
    finally:
        own.finish()
    done = publication.status == "ready" and publication.error is None
    return publication.model_copy(update={"changed": "updated"}) if done else publication


def _described(settings: Settings, known: _Known) -> Description:
    """Return the description to send: the registered fields, changed by the options that are given now."""
    merged = replace(settings, given={**_as_given(known), **settings.given}) if known.certain else settings
    facts = TrainingFacts() if known.certain else facts_for(known.path, settings, {})
    described = without_secrets(describe(known.inspection, facts, merged, air=known.air))
    described = described.model_copy(update={"findings": (*described.findings, *known.findings)})
    if not known.certain:
        return described
    now = {OPTIONS[name].wire for name in settings.given} - {OPTIONS["air"].wire}
    fields = {name: value for name, value in known.fields.items() if name not in now}
    fields |= {name: value for name, value in described.fields.items() if name in now}
    sources = {name: described.sources[name] if name in now else known.sources.get(name, _RECEIPT) for name in fields}
    return described.model_copy(update={"fields": fields, "sources": sources})


def _unchanged(known: _Known, described: Description) -> Publication:
    return Publication(
        id=known.row.id if known.row else None,
        status="described",
        air=known.air,
        sha256=known.inspection.sha256,
        path=str(known.path),
        size=known.inspection.size,
        model=described.fields,
        sources=described.sources,
        findings=described.findings,
    )


def _as_given(known: _Known) -> dict[str, Given]:
    """Return the registered fields as options, so that the given options can be joined with them."""
    by_wire = {entry.wire: entry for entry in OPTIONS.values() if entry.wire}
    return {
        entry.name: Given(value, known.sources.get(wire, _RECEIPT))
        for wire, value in known.fields.items()
        if (entry := by_wire.get(wire)) is not None and entry.name != "air"
    }


def _from_store(services: Services, air: str) -> _Known | None:
    endpoint, store = endpoint_of(services.settings), services.store
    ours = store.same_account(endpoint.rest_url, endpoint.fingerprint)
    for row in reversed(store.holders(endpoint.rest_url, air)):
        if not (row.live and row.key.account in ours):
            continue
        _require_finished(row, air)
        results = Results(store.results(row.id))
        if "register" in results:
            sources = results.description.sources if "describe" in results else {}
            return _Known(air, Path(row.path), results.inspection, results.registered.fields, sources, row)
    return None


def _require_finished(row: Row, air: str) -> None:
    """Stop where something else was asked for and is not done: it would take the update back, or be lost by it."""
    if row.asked or row.status == "pending":
        raise UsageError("under_way", f"{air} is just being published", hint="run 'rw-hooks resume', then update it")


def _from_receipt(services: Services, air: str, file: Path | None) -> _Known | None:
    for path in _weights(file):
        receipt = read_receipts(path).get(air)
        if receipt is not None and receipt.endpoint == services.settings.api_url:
            return _of_receipt(path, receipt)
    return None


def _weights(file: Path | None) -> list[Path]:
    """Return the files whose receipts may contain the model."""
    receipts = sorted(Path.cwd().glob("*" + _SUFFIX)) if file is None else [file]
    return [path.with_name(path.name.removesuffix(_SUFFIX)) for path in receipts]


def _of_receipt(path: Path, receipt: Receipt) -> _Known:
    inspection = Inspection(
        path=str(path),
        size=receipt.size,
        valid=True,
        sha256=receipt.sha256,
        category=_word(receipt, "category"),
        type=_word(receipt, "type"),
        architecture=_word(receipt, "architecture"),
    )
    location = Location(host=receipt.host, url=receipt.url, access="public")
    return _Known(receipt.air, path.absolute(), inspection, receipt.model, {}, location=location)


def _word(receipt: Receipt, name: str) -> str | None:
    value = receipt.model.get(name)
    return value if isinstance(value, str) else None


def _from_file(services: Services, air: str, file: Path | None) -> _Known | None:
    """Describe a model by its file; this does not show whether Runware has exactly these bytes."""
    if file is None or not file.is_file():
        return None
    inspection = inspect(file, progress=services.observer.moved)
    require_publishable(inspection)
    assert inspection.sha256 is not None  # noqa: S101 - a whole inspection always has it
    if services.client.find(air) is None:
        raise MissingError(
            "unknown_model",
            f"Runware has no model {air}, so there is nothing to update",
            hint=f"publish it with 'rw-hooks publish {file} --air {air}'",
            stage="setup",
        )
    hosted = HostedFile(path=file.absolute(), name=file.name, size=inspection.size, sha256=inspection.sha256)
    location = host_at(services.settings, host_url(services.settings, file.stem)).find(hosted)
    if location is None:
        raise MissingError(
            "no_url",
            f"{file.name} is not at its host, so Runware cannot be given its URL",
            hint="give the place of the file with --host, or publish it",
            stage="host",
        )
    warning = Finding(
        code="replaces_weights",
        severity="warning",
        message=f"{air} is in neither the journal nor a receipt: if it has other weights, this file replaces them",
    )
    known = _Known(air, file.absolute(), inspection, {}, {}, location=location, certain=False, findings=(warning,))
    return replace(known, fields=_described(services.settings, known).fields)


def _adopt(services: Services, known: _Known) -> Row:
    """Write a model that was published elsewhere into the store; it is ready there if a receipt says so."""
    assert known.location is not None  # noqa: S101 - what has no row has a location
    endpoint, store = endpoint_of(services.settings), services.store
    key = Key(str(known.inspection.sha256), known.air, endpoint.rest_url, endpoint.fingerprint)
    earlier = store.find(key)
    if earlier is not None:
        _require_finished(earlier, known.air)
    told = Change(
        status="ready" if known.certain else "pending",
        air=known.air,
        results={"inspect": as_result(known.inspection, 0.0), "host": as_result(known.location, 0.0)},
        secrets=secret_options(pack(services.settings.given)),
        begun=1,
    )
    path, options = str(known.path), without_secret_options(pack(services.settings.given))
    return store.enroll(
        Enrolment(uuid4().hex[:12], key, path, path, services.settings.machine, options, facts={}, change=told)
    )
