"""``rw-hooks resume``: continue publications that are not ready."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.api.jobs import resume as resume_jobs
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import run_all, settings_from
from rw_hooks.cli.flags import Concurrency

__all__ = ["resume"]


def resume(
    *job: Annotated[str, Parameter(name="JOB", help="As 'rw-hooks jobs' names it; all when none is given.")],
    as_json: AsJson = False,
    concurrency: Concurrency = None,
) -> int:
    """Continue publications that were interrupted, refused or unreachable."""
    journeys = partial(resume_jobs, settings_from(concurrency=concurrency), job)
    return run_all(journeys, as_json=as_json, if_none="There is nothing to resume.")
