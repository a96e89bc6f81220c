"""Locks between processes, held by the operating system, so that a killed process leaves none behind."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rw_hooks.errors import UnreachableError
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.os_errors import from_os_error
from rw_hooks.support.private_files import private_folder

__all__ = ["hand_over_held", "held"]

_HAND_OVER_SECONDS = 6 * 3600.0


@contextmanager
def held(home: Path, name: str, deadline: Deadline) -> Generator[None]:
    """Hold the lock of this name while the block runs; wait for whoever else holds it.

    Args:
        home: The state folder.
        name: Whatever must be done by one process at a time, such as a publication's id.
        deadline: How long to wait.

    Raises:
        UnreachableError: Another process still holds it at the deadline.
    """
    with ExitStack() as stack:
        try:
            folder = private_folder(private_folder(home) / "locks")
            file = folder / (hashlib.sha256(name.encode()).hexdigest()[:24] + ".lock")
            stack.enter_context(FileLock(file, timeout=deadline.left, mode=0o600))
        except Timeout:
            raise UnreachableError(
                "in_other_hands",
                "another process is still working on this publication",
                hint="wait for it, or look with 'rw-hooks jobs'",
            ) from None
        except OSError as error:
            raise from_os_error(error) from None
        yield


def hand_over_held(home: Path, identity: str, *, seconds: float = _HAND_OVER_SECONDS) -> AbstractContextManager[None]:
    """Have a hand-over in hand while the block runs, for as long as a publication may take.

    Raises:
        UnreachableError: Another process still has it in hand after these seconds.
    """
    return held(home, f"hand-over {identity}", Deadline.after(seconds))
