"""What a publication becomes next: all such decisions, without side effects.

An engine calls :func:`plan` when it begins with a publication, :func:`is_due` before each stage, and
:func:`after_success` or :func:`after_failure` after it, and lets the store apply the returned change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from rw_hooks.artifact import require_publishable
from rw_hooks.artifact.model import Inspection
from rw_hooks.describe import Description
from rw_hooks.errors import ArtifactError, RefusedError, RwHooksError
from rw_hooks.publication.model import STAGE_NAMES, StageName, Status
from rw_hooks.publication.report import error_record
from rw_hooks.publication.results import Results, Value, as_result
from rw_hooks.publication.store import Change, Result, Row
from rw_hooks.support.redact import redact_url

__all__ = [
    "Intent",
    "Update",
    "after_failure",
    "after_success",
    "cancelled",
    "differing",
    "enrolled",
    "is_bad_artifact",
    "is_done",
    "is_due",
    "is_over",
    "is_to_be_compared",
    "may_go_on",
    "next_air",
    "plan",
    "renewed",
    "seconds_allowed",
]

_SECONDS = 2 * 3600.0
_SECONDS_FOR_CHECKPOINT = 6 * 3600.0
_CLOCK_ERROR = timedelta(minutes=1)
_CALL_ONLY = {"webhookURL", "deliveryMethod"}
_NOT_FOR_LIVE: tuple[StageName, ...] = ("host", "preflight")
_DESCRIBED_ANEW: tuple[StageName, ...] = ("describe", "settle")
_REGISTERED_ANEW: tuple[StageName, ...] = ("register", "settle")
_HOSTED_ANEW = STAGE_NAMES[STAGE_NAMES.index("host") :]
_ALL_BUT_INSPECT = STAGE_NAMES[1:]
_UNFINISHED: frozenset[Status] = frozenset({"pending", "failed"})
_OVER: frozenset[Status] = frozenset({"cancelled", "superseded"})


@dataclass(frozen=True)
class Update:
    """A request to replace a model's metadata with this description.

    Attributes:
        description: The description to send.
        secrets: Secret URLs by option.
    """

    description: Description
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


Intent = Literal["proceed", "retry"] | Update
"""Why a publication is taken up.

``proceed``: to run what was requested or interrupted as far as possible. ``retry``: the same, and a failed publication
is tried again, with its whole time. :class:`Update`: to replace the metadata.
"""


def enrolled(inspection: Inspection, seconds: float, secrets: Mapping[str, str], expires_at: str) -> Change:
    """Return the first change of a publication: the file's inspection, and its failure if it must not be published."""
    results: dict[StageName, Result] = {"inspect": as_result(inspection, seconds)}
    try:
        require_publishable(inspection)
    except ArtifactError as error:
        error.stage = "inspect"
        return Change(status="failed", error=error_record(error), results=results, begun=1)
    return Change(results=results, secrets=secrets, expires_at=expires_at)


def is_to_be_compared(row: Row, results: Results) -> bool:
    """Whether a ready model was requested again: it is published again only if its description has changed."""
    return row.asked > 0 and row.status == "ready" and "register" in results


def plan(row: Row, results: Results, intent: Intent, *, host: str | None, expires_at: str) -> Change | None:
    """Return the change with which a publication begins; None if its stages just continue.

    Args:
        row: The publication.
        results: The results that it has so far.
        intent: Why it is run.
        host: The requested host, as it was given; None for the default host.
        expires_at: The end of its time if it begins now.
    """
    if isinstance(intent, Update):
        forget = _REGISTERED_ANEW if row.live else ("preflight", *_REGISTERED_ANEW)
        described: dict[StageName, Result] = {"describe": as_result(intent.description, 0.0)}
        return Change(status="pending", results=described, forget=forget, secrets=intent.secrets, expires_at=expires_at)
    if row.asked:  # a file that must not be published has failed when it was enrolled
        anew = row.status == "superseded" or (_is_moved(results, host) and not row.live)
        return Change(
            status="pending",
            forget=_ALL_BUT_INSPECT if anew else _DESCRIBED_ANEW,
            forget_submission=row.status == "superseded",
            begun=row.asked,
            expires_at=expires_at,
        )
    if intent == "retry" and row.status in _UNFINISHED and not is_bad_artifact(row):
        forget = _DESCRIBED_ANEW if row.status == "failed" else ()
        return Change(status="pending", forget=forget, expires_at=expires_at)
    if row.status == "pending" and _has_no_end(row, expires_at):
        return Change(expires_at=expires_at)
    return None


def renewed(row: Row, results: Results, described: Description, expires_at: str) -> Change:
    """Return the change for a ready model that was requested again: its metadata is sent only if it has changed.

    Raises:
        RefusedError: The category or type would change, which Runware does not allow.
    """
    then, now = results.registered.fields, described.fields
    names = differing(results, described)
    if not names:
        return Change(begun=row.asked)
    for name in sorted({"category", "type"} & names):
        raise RefusedError(
            f"{name}_change",
            f"the {name} of {row.air or row.path} is {then.get(name)} and cannot be changed to {now.get(name)}; "
            "nothing was sent",
            hint=f"publish under another AIR, or give --{name} as it was when the model was registered",
            stage="describe",
        )
    return Change(
        status="pending",
        results={"describe": as_result(described, 0.0)},
        forget=_REGISTERED_ANEW,
        begun=row.asked,
        expires_at=expires_at,
    )


def differing(results: Results, described: Description) -> set[str]:
    """Return the names of the fields that were registered with other values; none if the description cannot be sent."""
    then, now = results.registered.fields, described.fields
    if described.missing:
        return set()
    return {name for name in {*then, *now} - _CALL_ONLY - {"air"} if then.get(name) != now.get(name)}


def is_due(stage: StageName, row: Row, results: Results) -> bool:
    """Whether a stage must be run: a model that is live and hosted is neither hosted nor fetched again."""
    return stage not in results and not (row.live and "host" in results and stage in _NOT_FOR_LIVE)


def is_done(row: Row, results: Results) -> bool:
    """Whether a pending publication has all its results; an older version could stop just before it was ready."""
    return row.status == "pending" and not any(is_due(stage, row, results) for stage in STAGE_NAMES)


def may_go_on(row: Row, results: Results) -> bool:
    """Whether it is pending; a publication that was cancelled after Runware reported ready is ready anyway."""
    return row.status == "pending" or (row.status == "cancelled" and "register" in results)


def after_success(stage: StageName, row: Row, results: Results, value: Value, seconds: float) -> Change:
    """Return the change after a stage with this result; the last stage makes the publication ready."""
    forget = _forgotten_by(stage, results, value)
    left = results.without(forget).having(stage, value, seconds)
    done = not any(is_due(other, row, left) for other in STAGE_NAMES)
    return Change(status="ready" if done else None, results={stage: as_result(value, seconds)}, forget=forget)


def after_failure(stage: StageName, error: RwHooksError) -> Change:
    """Return the change after a failed stage, so that the next attempt begins at a stage that can succeed.

    A publication that was cancelled meanwhile (which may be why it failed) stays cancelled.
    """
    refused = isinstance(error, RefusedError)
    return Change(
        status="pending" if error.retryable else "failed",
        only_from={"pending"},
        error=error_record(error),
        forget=_HOSTED_ANEW if refused and stage == "preflight" else (),
        forget_submission=refused and stage == "register",
    )


def cancelled(row: Row) -> Change:
    """Return the change that cancels a publication that is not ready yet, or was over and is requested again."""
    return Change(status="cancelled", only_from=_UNFINISHED | _OVER if row.asked else _UNFINISHED, begun=row.asked)


def is_bad_artifact(row: Row) -> bool:
    """Whether the file itself made the publication fail, or it could not be read, so that trying again cannot help."""
    if row.status != "failed" or row.error is None:
        return False
    return not row.was_read or row.error.get("exit_code") == ArtifactError.exit_code


def is_over(row: Row) -> bool:
    """Whether nothing more will be done for it, so that what was kept for it can be removed."""
    return not row.asked and (row.status in {"ready", "cancelled", "superseded"} or is_bad_artifact(row))


def next_air(prefix: str, *, given_out: Collection[str], listed: Collection[str], remembered: str | None) -> str:
    """Return the AIR for a file under ``source:id@``: the one that it had before, else the next free version.

    Args:
        prefix: ``source:id@``.
        given_out: The AIRs under it that the store has given to publications, whatever their status.
        listed: The AIRs under it that Runware lists.
        remembered: The AIR in the receipt beside this file, for the same bytes.
    """
    if remembered is not None and remembered not in given_out:
        return remembered
    versions = [air.removeprefix(prefix) for air in (*given_out, *listed)]
    numbers = [int(version) for version in versions if version.isascii() and version.isdigit()]
    return f"{prefix}{max(numbers, default=0) + 1}"


def seconds_allowed(category: str | None, given: float | None) -> float:
    """Return how many seconds a publication may take: as given, else two hours, for a checkpoint six."""
    if given is not None:
        return given
    return _SECONDS_FOR_CHECKPOINT if category == "checkpoint" else _SECONDS


def _forgotten_by(stage: StageName, results: Results, value: Value) -> tuple[StageName, ...]:
    """Return the stages whose results become obsolete: the registration of another description, an older receipt."""
    if stage == "register":
        return ("settle",)
    if isinstance(value, Description) and "register" in results and differing(results, value):
        return _REGISTERED_ANEW
    return ()


def _has_no_end(row: Row, expires_at: str) -> bool:
    """Whether nobody has said when its time is over (an older version), or a clock that was wrong then has said it."""
    if row.expires_at is None:
        return True
    return datetime.fromisoformat(row.expires_at) - datetime.fromisoformat(expires_at) > _CLOCK_ERROR


def _is_moved(results: Results, host: str | None) -> bool:
    return host is not None and "host" in results and _place(host) != _place(results.location.host)


def _place(host: str) -> str:
    return redact_url(host).rstrip("/")
