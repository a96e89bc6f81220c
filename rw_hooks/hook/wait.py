"""Waiting for the publication of saved files, with a progress line from time to time. Standard library only."""

from __future__ import annotations

import contextlib
import logging
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rw_hooks.queue.status import TRY_AGAIN, JobStatus, read

__all__ = ["tell", "wait_for"]

_LOG = logging.getLogger("rw_hooks.hook")
_POLL_SECONDS = 0.25
_TELL_SECONDS = 15.0
_STARTS_MAX = 5


def wait_for(
    home: Path,
    handed: Sequence[tuple[str, str]],
    seconds: float,
    see_worker: Callable[[], bool],
    patience: float = math.inf,
) -> tuple[JobStatus, ...]:
    """Wait until every saved file is ready or failed, and log how each ended.

    Args:
        home: The state folder.
        handed: Ids and paths of the queue items.
        seconds: The longest wait.
        see_worker: Starts a worker if there is none, and returns whether it did; if workers die again and again, the
            waiting ends.
        patience: The total seconds during which all items may be waiting for their next attempt.

    Returns:
        The status of each item, in their order.
    """
    until, next_line, starts, stuck = time.monotonic() + seconds, time.monotonic() + _TELL_SECONDS, 0, 0.0
    while True:
        jobs = tuple(read(home, name) or JobStatus("pending", path) for name, path in handed)
        waiting = [job for job in jobs if job.status == "pending"]
        stuck += _POLL_SECONDS * all(job.doing == TRY_AGAIN for job in waiting)
        if not waiting or time.monotonic() >= until or starts > _STARTS_MAX or stuck > patience:
            break
        starts += see_worker()
        if time.monotonic() >= next_line:
            next_line += _TELL_SECONDS
            tell("; ".join(f"{Path(job.path).name}: {job.doing or 'waiting'}" for job in waiting))
        time.sleep(_POLL_SECONDS)
    for job in jobs:
        _tell_end(job, home)
    return jobs


def tell(line: str) -> None:
    """Write an information line: to the log if its level allows it, else to the terminal if there is one."""
    if _LOG.isEnabledFor(logging.INFO):
        _LOG.info("rw-hooks: %s", line)
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"rw-hooks: {line}\n")


def _tell_end(job: JobStatus, home: Path) -> None:
    name = Path(job.path).name
    if job.status == "ready":
        tell(f"{name} is ready as {job.air}")
    elif job.status == "pending":
        log = home / "logs" / "worker.log"
        _LOG.warning("rw-hooks: %s is not ready yet; run 'rw-hooks resume' to continue (log: %s)", name, log)
    elif job.status == "failed":
        _LOG.warning("rw-hooks: %s: %s; %s", name, job.message, job.hint)
