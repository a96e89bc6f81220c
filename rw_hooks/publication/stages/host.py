"""The host stage: the bytes get a URL."""

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
    """Put the bytes where the user asked for, else into the user's own place on the Hub.

    Raises:
        ArtifactError: The file is gone, or is not what was inspected.
        MissingError: No host was given, and there is no Hub token.
        RefusedError: The host said no.
        UnreachableError: The host is away.
    """
    url = host_url(work.services.settings, str(work.results.description.fields["name"]))
    _require_unchanged(work)
    reach("host.before_upload")
    location = work.open_host(url).upload(work.file, work.services.observer.moved, work.deadline)
    reach("host.after_upload")
    return location


def _require_unchanged(work: Work) -> None:
    """Stop where the file is gone or has another size; its content is checked where it is hosted."""
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
