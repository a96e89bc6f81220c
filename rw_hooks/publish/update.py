"""Replacing a ready model's metadata: same file, no upload, no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rw_hooks.air import Air
from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.artifact.model import Inspection
from rw_hooks.describe import WireValue, describe
from rw_hooks.errors import MissingError, RefusedError, UsageError
from rw_hooks.facts.model import TrainingFacts
from rw_hooks.hosts import HostedFile, Location
from rw_hooks.options import OPTIONS
from rw_hooks.publish.api import finish
from rw_hooks.publish.context import Clients, Context, endpoint_of, host_at, host_url
from rw_hooks.publish.describing import describe_row, without_secrets
from rw_hooks.publish.given import pack, secret_options
from rw_hooks.publish.journal import Journal, Key, Row
from rw_hooks.publish.outcome import shown
from rw_hooks.publish.publication import Publication
from rw_hooks.publish.receipt import Receipt, read_receipts
from rw_hooks.publish.stages import INSPECTION, Registered, inspection_of
from rw_hooks.publish.watcher import Watcher
from rw_hooks.settings import Given, Settings

__all__ = ["update"]

_SUFFIX = ".rw.json"


@dataclass(frozen=True)
class _Known:
    """What is known of the model.

    Attributes:
        row: Its place in the journal.
        fields: What it was registered with, by wire name.
        sources: Where each field came from.
        certain: Whether the platform holds exactly these fields, as far as we know.
    """

    row: Row
    fields: Mapping[str, WireValue]
    sources: Mapping[str, str]
    certain: bool = True


def update(air: str, settings: Settings, watcher: Watcher, file: Path | None = None) -> Publication:
    """Replace the metadata of a model that is ready: what it was registered with, and the given options on top.

    The model is found in the journal; else in the receipt beside ``file`` (or the receipt given as ``file``, or one in
    the working directory); else from the file itself, which must already lie at the host.

    Raises:
        UsageError: The AIR is malformed.
        MissingError: Neither journal nor receipt nor file says what the model is.
        RefusedError: The update would change the category or the type, which the platform does not allow.
    """
    _require_air(air)
    endpoint_of(settings)
    with Journal(settings.home) as journal, Clients() as clients:
        context = Context(settings, journal, clients, watcher)
        known = _from_journal(context, air) or _from_receipt(context, air, file) or _from_file(context, air, file)
        if known is None:
            raise MissingError(
                "unknown_model",
                f"neither the journal nor a receipt knows {air}",
                hint="give its file or receipt: rw-hooks update AIR FILE",
                stage="setup",
            )
        return _update(context, known)


def _require_air(air: str) -> None:
    try:
        Air.parse(air)
    except ValueError as error:
        raise UsageError("bad_air", str(error), stage="setup") from None


def _update(context: Context, known: _Known) -> Publication:
    row, journal = known.row, context.journal
    merged = replace(context.settings, given={**_as_given(known), **context.settings.given})
    inspection = inspection_of(journal.results(row.id))
    described = without_secrets(describe(inspection, TrainingFacts(), merged, air=row.air))
    for name in ("category", "type"):
        if described.fields.get(name) != known.fields.get(name):
            raise RefusedError(f"{name}_change", f"the {name} of {row.air} cannot be changed", stage="describe")
    if known.certain and described.fields == dict(known.fields):
        return shown(journal, row.id, "nothing")
    secrets = secret_options(pack(context.settings.given))
    if secrets:
        journal.keep_secrets(row.id, secrets)

    def prepare(_: Context) -> None:
        journal.reopen(row.id, "describe", keep=("host", "preflight"))
        journal.record(row.id, "describe", described.model_dump(mode="json"), 0.0)

    return finish(context, row.id, prepare)


def _as_given(known: _Known) -> dict[str, Given]:
    """Return the registered fields as options, so that only what is now given differs."""
    by_wire = {entry.wire: entry for entry in OPTIONS.values() if entry.wire}
    return {
        entry.name: Given(value, known.sources.get(wire, "the receipt"))
        for wire, value in known.fields.items()
        if (entry := by_wire.get(wire)) is not None and entry.name != "air"
    }


def _from_journal(context: Context, air: str) -> _Known | None:
    endpoint = endpoint_of(context.settings)
    ours = context.journal.same_account(endpoint.rest_url, endpoint.fingerprint)
    for row in reversed(context.journal.holders(endpoint.rest_url, air)):
        results = context.journal.results(row.id)
        if row.live and row.key.account in ours and "register" in results:
            registered = Registered.model_validate(results["register"].value)
            return _Known(row, registered.fields, results["describe"].value.get("sources", {}))
    return None


def _from_receipt(context: Context, air: str, file: Path | None) -> _Known | None:
    for path in _weights(file):
        receipt = read_receipts(path).get(air)
        if receipt is not None and receipt.endpoint == context.settings.api_url:
            return _adopt_receipt(context, path, receipt)
    return None


def _weights(file: Path | None) -> list[Path]:
    """Return the files whose receipts may know the model."""
    receipts = sorted(Path.cwd().glob("*" + _SUFFIX)) if file is None else [file]
    return [path.with_name(path.name.removesuffix(_SUFFIX)) for path in receipts]


def _adopt_receipt(context: Context, path: Path, receipt: Receipt) -> _Known:
    told = {name: receipt.model.get(name) for name in ("category", "type", "architecture")}
    inspection = INSPECTION.validate_python(
        {"path": str(path), "size": receipt.size, "valid": True, "sha256": receipt.sha256, **told}
    )
    location = Location(host=receipt.host, url=receipt.url, access="public")
    return _Known(_adopt(context, path, receipt.air, inspection, location), receipt.model, {})


def _from_file(context: Context, air: str, file: Path | None) -> _Known | None:
    if file is None or not file.is_file():
        return None
    inspection = inspect(file, progress=context.watcher.moved)
    require_publishable(inspection)
    assert inspection.sha256 is not None  # noqa: S101 - a whole inspection always has it
    hosted = HostedFile(path=file.absolute(), name=file.name, size=inspection.size, sha256=inspection.sha256)
    location = host_at(context.settings, host_url(context.settings, file.stem)).find(hosted)
    if location is None:
        raise MissingError(
            "no_url",
            f"{file.name} is not at its host, so the platform cannot be told where it is",
            hint="give --host where it lies, or publish it",
            stage="host",
        )
    row = _adopt(context, file, air, inspection, location)
    described = describe_row(context, row, inspection, air=air)
    return _Known(row, described.fields, described.sources, certain=False)


def _adopt(context: Context, path: Path, air: str, inspection: Inspection, location: Location) -> Row:
    """Write a model that was published elsewhere into the journal."""
    endpoint, journal = endpoint_of(context.settings), context.journal
    whole = str(path.absolute())
    key = Key(str(inspection.sha256), air, endpoint.rest_url, endpoint.fingerprint)
    row = journal.enroll(key, path=whole, held=whole, options=pack(context.settings.given), facts={})
    journal.record(row.id, "inspect", inspection.as_json(), 0.0)
    journal.record(row.id, "host", location.model_dump(mode="json"), 0.0)
    journal.record(row.id, "preflight", {"adopted": True}, 0.0)
    journal.give_air(row.id, air)
    journal.end(row.id, "ready")
    return journal.row(row.id)
