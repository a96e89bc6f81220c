"""The host stage: the file gets a URL."""

from __future__ import annotations

from pathlib import Path

from rw_hooks.errors import ArtifactChangedError, ArtifactError
from rw_hooks.hosts import Location
from rw_hooks.publication.services import host_url
from rw_hooks.publication.stages.work import Work
from rw_hooks.support.failpoints import reach
from rw_hooks.support.file_state import FileState

__all__ = ["host_file"]


def host_file(work: Work) -> Location:
    """Upload the file to the host that the user gave, else to the user's own repository on the Hub.

    Raises:
        ArtifactError: The file is gone, or it is not the one that was inspected.
        MissingError: No host was given, and there is no Hub token.
        RefusedError: The host refused.
        UnreachableError: The host is unreachable.
    """
    url = host_url(work.services.settings, str(work.results.description.fields["name"]))
    _require_unchanged(work)
    reach("host.before_upload")
    location = work.open_host(url).upload(work.file, work.services.observer.moved, work.deadline)
    reach("host.after_upload")
    return location


def _require_unchanged(work: Work) -> None:
    """Raise if the file is gone or has another size; its content is checked during the upload."""
    try:
        size = FileState.of(Path(work.row.held)).size
    except OSError:
        raise ArtifactError(
            "file_gone", f"{work.row.path} is gone", hint="publish the file again from its new place"
        ) from None
    if size != work.results.inspection.size:
        raise ArtifactChangedError(
            "artifact_changed",
            f"{work.row.path} was rewritten after it was inspected; nothing was uploaded",
            hint="publish it again when the trainer has finished writing it",
        )
