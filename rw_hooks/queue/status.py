"""How a queue item stands, for the hook that may wait for it: one small file each. Standard library only.

The hook must not open the journal, so the worker writes here what a waiting trainer wants to know.
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
"""What is done with a publication whose remote is unreachable, until the next attempt."""
_KEEP_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class JobStatus:
    """How a queue item stands.

    Attributes:
        status: ``pending``, ``ready``, ``failed``, ``superseded`` or ``cancelled``.
        path: The file.
        publication: The journal's name of it, or None before it is there.
        air: Of the model, where it is known.
        doing: What is being done, in words.
        code: Of the error, or empty.
        message: What happened, or empty.
        hint: What fixes it, or empty.
        exit_code: What a command ends with.
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
    """Write down how the queue item of this name stands; where that cannot be, nobody can be told."""
    with contextlib.suppress(OSError):
        final = private_folder(private_folder(home) / "standing") / f"{item}.json"
        write_json(final, asdict(job))


def read(home: Path, item: str) -> JobStatus | None:
    """Return how the queue item of this name stands, or None while nobody has begun with it."""
    try:
        record = json.loads((home / "standing" / f"{item}.json").read_text(encoding="utf-8"))
        return JobStatus(**record)
    except (OSError, ValueError, TypeError):
        return None


def pending(home: Path) -> dict[str, JobStatus]:
    """Return what is under way or was when a worker died, by queue item."""
    names = [path.stem for path in (home / "standing").glob("[!.]*.json")]
    found = {name: read(home, name) for name in names}
    return {name: job for name, job in found.items() if job is not None and job.status == "pending"}


def forget_old(home: Path) -> None:
    """Remove what nobody has asked for in a week."""
    for path in (home / "standing").glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEEP_SECONDS:
                path.unlink()
