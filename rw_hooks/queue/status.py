"""The status of queue items, for hooks that wait: one small file each. Standard library only.

A hook does not open the journal, so the worker writes here what a waiting trainer needs to know.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rw_hooks.support.atomic_file import write_json
from rw_hooks.support.private_files import private_folder

__all__ = ["TRY_AGAIN", "JobStatus", "forget_old", "pending", "read", "write"]

TRY_AGAIN = "waiting to try again"
"""The value of ``doing`` while a publication waits for its next attempt, because a remote is unreachable."""
_KEEP_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class JobStatus:
    """The status of a queue item.

    Attributes:
        status: ``pending``, ``ready``, ``failed``, ``superseded`` or ``cancelled``.
        path: The file.
        publication: Its id in the journal, or None if it is not enrolled yet.
        air: The model's AIR, if it is known.
        doing: What happens now, in words.
        code: The code of the error, or empty.
        message: What happened, or empty.
        hint: What fixes it, or empty.
        exit_code: The exit code of a command.
    """

    status: str
    path: str
    publication: str | None = None
    air: str | None = None
    doing: str = ""
    code: str = ""
    message: str = ""
    hint: str = ""
    exit_code: int = 0


def write(home: Path, item: str, job: JobStatus) -> None:
    """Write the status of a queue item; if it cannot be written, it is lost."""
    with contextlib.suppress(OSError):
        final = private_folder(private_folder(home) / "standing") / f"{item}.json"
        write_json(final, asdict(job))


def read(home: Path, item: str) -> JobStatus | None:
    """Return the status of a queue item, or None if nobody has begun with it."""
    try:
        record = json.loads((home / "standing" / f"{item}.json").read_text(encoding="utf-8"))
        return JobStatus(**record)
    except (OSError, ValueError, TypeError):
        return None


def pending(home: Path) -> dict[str, JobStatus]:
    """Return the pending status files by queue item, including those of a worker that died."""
    names = [path.stem for path in (home / "standing").glob("[!.]*.json")]
    found = {name: read(home, name) for name in names}
    return {name: job for name, job in found.items() if job is not None and job.status == "pending"}


def forget_old(home: Path) -> None:
    """Remove status files that are older than a week."""
    for path in (home / "standing").glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEEP_SECONDS:
                path.unlink()
