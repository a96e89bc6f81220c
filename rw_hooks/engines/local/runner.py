"""The local engine: runs a publication's stages one after the other, each recorded before the next one starts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal

from rw_hooks.errors import RefusedError, RwHooksError, UnreachableError
from rw_hooks.publication.model import STAGES, Stage
from rw_hooks.publication.report import error_record
from rw_hooks.publication.services import Services
from rw_hooks.publication.stages.run import RUN, Work, inspection_of
from rw_hooks.publication.store import Result, Row
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.named_locks import held
from rw_hooks.support.os_errors import os_errors_reported

__all__ = ["Change", "advance", "time_allowed"]

Change = Literal["registered", "updated", "nothing"]
_SECONDS = 2 * 3600.0
_SECONDS_FOR_CHECKPOINT = 6 * 3600.0
_LOG = logging.getLogger("rw_hooks.publish")


def time_allowed(context: Services, row: Row) -> Deadline:
    """Return when the whole publication must be over: as given, else two hours, six for a checkpoint."""
    results = context.journal.results(row.id)
    large = "inspect" in results and inspection_of(results).category == "checkpoint"
    return Deadline.after(context.settings.value("timeout", _SECONDS_FOR_CHECKPOINT if large else _SECONDS))


def advance(context: Services, identity: str, deadline: Deadline, prepare: Callable[[], None]) -> Change:
    """Take a publication as far as it goes; how it stands then is in the journal.

    One process at a time works on a publication; others wait here for it until the deadline, and then find it done.

    Args:
        context: For the settings of this publication.
        identity: The publication.
        deadline: When the whole of it must be over.
        prepare: Called first, while nobody else can work on the publication.

    Returns:
        What this call did at the platform.

    Raises:
        RwHooksError: What ``prepare`` raises.
        UnreachableError: Another process still works on it at the deadline.
    """
    with held(context.home, f"publication {identity}", deadline):
        prepare()
        was_live = context.journal.row(identity).live
        if not all(_step(context, identity, stage, deadline) for stage in STAGES[1:]):
            return "nothing"
        reach("end.before")
        context.journal.end(identity, "ready")
        return "updated" if was_live else "registered"


def _step(context: Services, identity: str, stage: Stage, deadline: Deadline) -> bool:
    """Run one stage unless it has been, and say whether the next one may start."""
    row, results = context.journal.row(identity), context.journal.results(identity)
    if not _may_go_on(row, results):
        return False
    if stage in results:
        return True
    context.observer.stage(stage)
    started = time.monotonic()
    try:
        _require_time(deadline, stage)
        with os_errors_reported():
            value = RUN[stage](Work(context, row, results, deadline))
    except RwHooksError as error:
        _stop(context, identity, stage, error)
        return False
    except Exception as error:
        bug = RwHooksError("internal_error", f"{type(error).__name__} in stage {stage}: a bug of rw-hooks", stage=stage)
        context.journal.end(identity, "failed", error_record(bug))
        raise
    context.journal.record(identity, stage, value.model_dump(mode="json"), time.monotonic() - started)
    return True


def _require_time(deadline: Deadline, stage: Stage) -> None:
    if deadline.passed:
        raise UnreachableError("timeout", f"the time for this publication was over before the stage {stage}")


def _may_go_on(row: Row, results: Mapping[Stage, Result]) -> bool:
    """Whether it is pending; what was cancelled after the platform said ready is ready all the same."""
    return row.status == "pending" or (row.status == "cancelled" and "register" in results)


def _stop(context: Services, identity: str, stage: Stage, error: RwHooksError) -> None:
    """Write down why it stopped, and make the next attempt start where it can succeed."""
    error.stage = error.stage or stage
    if isinstance(error, UnreachableError) and not error.hint:
        error.hint = "nothing is lost: run 'rw-hooks resume' to go on"
    if context.journal.row(identity).status == "cancelled":
        return  # dropped meanwhile, which may be why it stopped
    _LOG.info("publication %s stopped in stage %s: %s (%s)", identity, stage, error.message, error.code)
    if stage == "register" and isinstance(error, RefusedError):
        context.journal.forget_submission(identity)
    if stage == "preflight" and isinstance(error, RefusedError):
        context.journal.reopen(identity, "host")
    context.journal.end(identity, "pending" if error.retryable else "failed", error_record(error))
