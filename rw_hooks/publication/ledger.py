"""What was sent to Runware, kept in the journal."""

from __future__ import annotations

from rw_hooks.engines.local.sqlite_store import Journal
from rw_hooks.runware import Submission

__all__ = ["StoreLedger"]


class StoreLedger:
    """The client's memory of one publication's submission.

    Args:
        journal: The journal.
        identity: The publication.
    """

    def __init__(self, journal: Journal, identity: str) -> None:
        self._journal = journal
        self._identity = identity

    def load(self) -> Submission | None:
        """Return what an earlier attempt left, or None."""
        value = self._journal.submission(self._identity)
        return None if value is None else Submission.model_validate(value)

    def save(self, submission: Submission) -> None:
        """Write it down; it is on the disk when this returns."""
        self._journal.save_submission(self._identity, submission.model_dump(mode="json"))
