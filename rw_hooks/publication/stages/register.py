"""The register stage: the model is sent to Runware, and followed until Runware reports ready."""

from __future__ import annotations

from pydantic import SecretStr

from rw_hooks.errors import JournalError, MissingError, RefusedError, UnreachableError
from rw_hooks.hosts import Location
from rw_hooks.publication.option_codec import secret_fields, whole_url
from rw_hooks.publication.results import Registered
from rw_hooks.publication.stages.work import Work
from rw_hooks.publication.store import Store
from rw_hooks.runware import ModelUpload, Phase, Registration, Submission, build_upload
from rw_hooks.support.failpoints import reach

__all__ = ["register_model"]


def register_model(work: Work) -> Registered:
    """Register the model, or continue an earlier attempt, until Runware reports ready.

    Raises:
        RefusedError: Runware refused.
        UnreachableError: It was not ready by the deadline.
    """
    registration = work.services.client.register(
        _request(work),
        ledger=_StoredSubmission(work.services.store, work.row.id),
        mint=lambda: _mint(work, work.results.location),
        on_phase=lambda phase: _tell(work, phase),
        deadline=work.deadline,
    )
    return _registered(registration, work)


class _StoredSubmission:
    """The client's memory of one submission; a :class:`~rw_hooks.runware.Ledger`.

    The record that something will be sent must survive a power loss. What Runware reported need not, because it can be
    asked again.
    """

    def __init__(self, store: Store, identity: str) -> None:
        self._store = store
        self._identity = identity
        self._sent: tuple[object, ...] | None = None

    def load(self) -> Submission | None:
        """Return what an earlier attempt stored, or None."""
        value = self._store.submission(self._identity)
        return None if value is None else Submission.model_validate(value)

    def save(self, submission: Submission) -> None:
        """Store it."""
        sent = (submission.task_uuid, submission.sent_at)
        durable = submission.sent_at is not None and sent != self._sent
        self._store.save_submission(self._identity, submission.model_dump(mode="json"), durable=durable)
        self._sent = sent


def _request(work: Work) -> ModelUpload:
    """Return the request with its complete URLs, which it does not show."""
    kept = secret_fields(work.services.store.secrets(work.row.id))
    fields = {name: value for name, value in work.results.description.fields.items() if name != "taskType"}
    urls = {name: whole_url(str(fields[name]), url) for name, url in kept.items() if name in fields}
    return build_upload({**fields, **urls})


def _registered(registration: Registration, work: Work) -> Registered:
    phases = tuple({"status": phase.status, "at": phase.at} for phase in registration.phases)
    return Registered(
        air=registration.air,
        transport=registration.transport,
        phases=phases,
        fields={**work.results.description.fields, "air": registration.air},
        url=work.results.location.url,
    )


def _mint(work: Work, location: Location) -> SecretStr:
    """Return the URL to register: a fresh one if it is signed; for an update, which fetches nothing, any valid one."""
    try:
        return work.open_host(location.host).mint(location, work.deadline)
    except JournalError:
        raise
    except (MissingError, RefusedError, UnreachableError):
        if not work.row.live:
            raise
        return SecretStr(location.url)


def _tell(work: Work, phase: Phase) -> None:
    reach(f"register.phase.{phase.status}")
    work.services.observer.phase(phase.status, phase.message)
