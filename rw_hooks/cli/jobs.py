"""``rw-hooks jobs``: what the journal knows."""

from __future__ import annotations

from rw_hooks.api.jobs import jobs as list_jobs
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import print_json, settings_from
from rw_hooks.cli.show import print_table, say
from rw_hooks.publication.model import Publication

__all__ = ["jobs"]


def jobs(*, as_json: AsJson = False) -> int:
    """List the publications of this machine, oldest first."""
    publications = list_jobs(settings_from())
    if as_json:
        for publication in publications:
            print_json(publication)
    elif publications:
        print_table(("job", "status", "AIR", "file", "what is wrong"), map(_row, publications))
    else:
        say("There are no publications yet.")
    return 0


def _row(publication: Publication) -> tuple[str, ...]:
    trouble = publication.error["message"] if publication.error else ""
    return (publication.id or "", publication.status, publication.air or "", publication.path, trouble)
