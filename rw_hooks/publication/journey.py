"""Running one publication in this process, one stage at a time, as the policy decides.

An engine creates a journey while no other process can run the publication, begins it, and runs its stages one after the
other. The engine decides where, when, and how many publications run at once.
"""

from __future__ import annotations

import logging
import time

from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.publication import policy
from rw_hooks.publication.model import Publication
from rw_hooks.publication.policy import Intent
from rw_hooks.publication.report import Changed, error_record, publication_of
from rw_hooks.publication.results import Results
from rw_hooks.publication.services import Services
from rw_hooks.publication.stages import Stage, Work
from rw_hooks.publication.stages.describe import described
from rw_hooks.publication.stages.preview_image import hosted_image, with_known_image
from rw_hooks.publication.store import Change, Row
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import os_errors_reported

__all__ = ["Journey", "patience"]

_LOG = logging.getLogger("rw_hooks.publish")


class Journey:
    """A publication and the results of its stages, as this process runs it.

    Args:
        services: The services for the options of this publication.
        row: The publication. No other process may run it while this journey lasts, but it may be requested again.
        intent: Why it is run.

    Attributes:
        row: As the store has it.
        results: The results of the stages.
        deadline: When the whole publication must be over.
    """

    def __init__(self, services: Services, row: Row, intent: Intent) -> None:
        self._services = services
        self._intent: Intent = intent
        self.row = row
        self.results = Results(services.store.results(row.id))
        category = self.results.inspection.category if "inspect" in self.results else None
        self.deadline = _time_allowed(services, self.row, intent, category)
        self._was_live = self.row.live
        self._has_registered = False

    def begin(self) -> None:
        """Begin with what was requested. The store has it when this returns.

        Raises:
            RefusedError: The category or type of a model that is ready would change.
        """
        is_update = isinstance(self._intent, policy.Update)
        if policy.is_to_be_compared(self.row, self.results) and not is_update:
            self._compare()
            return
        host = self._services.settings.text("host")
        change = policy.plan(self.row, self.results, self._intent, host=host, expires_at=self.deadline.utc)
        if change is not None:  # durable only for an update: any other request is stored already
            self._apply(change, durable=is_update)
        if policy.is_done(self.row, self.results):
            self._apply(Change(status="ready"))

    def may_take(self, stage: Stage) -> bool:
        """Whether this stage must be run now."""
        return policy.may_go_on(self.row, self.results) and policy.is_due(stage.name, self.row, self.results)

    def take(self, stage: Stage) -> bool:
        """Run one stage, store its result or its error, and return whether the next stage may follow.

        Nothing is done if the publication was cancelled or superseded meanwhile.
        """
        self.row = self._services.store.get(self.row.id)
        if not self.may_take(stage):
            return False
        self._services.observer.stage(stage.name)
        started = time.monotonic()
        try:
            _require_time(self.deadline, stage)
            with os_errors_reported():
                value = stage.run(Work(self._services, self.row, self.results, self.deadline))
        except RwHooksError as error:
            self._stop(stage, error)
            return False
        except Exception as error:
            message = f"{type(error).__name__} in stage {stage.name}: a bug of rw-hooks"
            bug = RwHooksError("internal_error", message, stage=stage.name)
            self._apply(Change(status="failed", only_from={"pending"}, error=error_record(bug)))
            raise
        seconds = time.monotonic() - started
        change = policy.after_success(stage.name, self.row, self.results, value, seconds)
        self.results = self.results.without(change.forget).having(stage.name, value, seconds)
        self._has_registered |= stage.name == "register"
        self.row = self._services.store.apply(self.row.id, change, durable=stage.name != "preflight")
        return True

    @property
    def publication(self) -> Publication:
        """The publication in its present state."""
        submission = None if "register" in self.results else self._services.store.submission(self.row.id)
        return publication_of(self.row, self.results, submission, self._changed)

    @property
    def _changed(self) -> Changed:
        if self.row.status != "ready" or not (self._has_registered or not self._was_live):
            return "nothing"
        return "updated" if self._was_live else "registered"

    def _compare(self) -> None:
        """Check whether the description of a ready model has changed."""
        work = Work(self._services, self.row, self.results, self.deadline)
        now = with_known_image(described(work), self.results.description)
        if policy.differing(self.results, now):
            now = hosted_image(self._services, now, self.deadline)
        try:
            change = policy.renewed(self.row, self.results, now, self.deadline.utc)
        except RwHooksError:
            self._apply(Change(begun=self.row.asked))
            raise
        names = policy.differing(self.results, now)
        if names:
            shown = ", ".join(sorted(names))
            self._services.observer.note(f"the description has changed, so only the metadata is updated ({shown})")
        self._apply(change)

    def _apply(self, change: Change, *, durable: bool = True) -> None:
        self.results = self.results.without(change.forget).including(change.results)
        self.row = self._services.store.apply(self.row.id, change, durable=durable)

    def _stop(self, stage: Stage, error: RwHooksError) -> None:
        error.stage = error.stage or stage.name
        if isinstance(error, UnreachableError) and not error.hint:
            error.hint = "nothing is lost: run 'rw-hooks resume' to go on"
        _LOG.info("publication %s stopped in stage %s: %s (%s)", self.row.id, stage.name, error.message, error.code)
        self._apply(policy.after_failure(stage.name, error))


def patience(services: Services, row: Row, intent: Intent) -> Deadline:
    """Return how long to wait for another process that works on a publication: as long as that one may take."""
    return _time_allowed(services, row, intent, "checkpoint")


def _time_allowed(services: Services, row: Row, intent: Intent, category: str | None) -> Deadline:
    """Return when a publication must be over: what just goes on has the time that is left, all else its whole time."""
    given: float | None = services.settings.value("timeout", None)
    seconds = policy.seconds_allowed(category, given)
    if row.expires_at is not None and intent == "proceed" and not row.asked:
        return Deadline.at(row.expires_at).within(seconds)  # a clock that was set back gives no more than all of it
    return Deadline.after(seconds)


def _require_time(deadline: Deadline, stage: Stage) -> None:
    if deadline.passed:
        raise UnreachableError(
            "timeout", f"the time limit of this publication was reached before the stage {stage.name}"
        )
