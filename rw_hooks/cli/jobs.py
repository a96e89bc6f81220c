"""``rw-hooks jobs``: the publications in the journal."""

from __future__ import annotations

from rw_hooks.api.jobs import Job
from rw_hooks.api.jobs import jobs as list_jobs
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import print_json, settings_from
from rw_hooks.cli.show import print_table, say

__all__ = ["jobs"]


def jobs(*, as_json: AsJson = False) -> int:
    """List the publications of this machine, oldest first."""
    known = list_jobs(settings_from())
    if as_json:
        for job in known:
            print_json(job.model_dump(mode="json"))
    elif known:
        columns = ("job", "status", "AIR", "file", "what is wrong")
        print_table(columns, map(_row, known), whole=columns[:3])
    else:
        say("There are no publications yet.")
    return 0


def _row(job: Job) -> tuple[str, ...]:
    trouble = job.error["message"] if job.error else ""
    return (job.id, job.status, job.air or "", job.path, trouble)
