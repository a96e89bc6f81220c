"""``rw-hooks cancel``: cancel a publication."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from rw_hooks.api.jobs import cancel as cancel_job
from rw_hooks.cli.common import settings_from
from rw_hooks.cli.show import say

__all__ = ["cancel"]


def cancel(job: Annotated[str, Parameter(name="JOB", help="As 'rw-hooks jobs' names it.")], /) -> int:
    """Cancel a publication that is not ready; a ready model stays as it is."""
    publication = cancel_job(settings_from(), job)
    say(f"{publication.id}: {publication.status}: {publication.path}")
    return publication.exit_code
