"""Errors of the operating system: a full disk, a folder that may not be written, too many open files."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from rw_hooks.errors import RwHooksError, UnreachableError

__all__ = ["from_os_error", "os_errors_reported"]


@contextmanager
def os_errors_reported() -> Generator[None]:
    """Convert an error of the operating system into one that says what fixes it, and that continuing is safe."""
    try:
        yield
    except RwHooksError:
        raise
    except OSError as error:
        raise from_os_error(error) from error


def from_os_error(error: OSError) -> UnreachableError:
    """Return the error of rw-hooks for an error of the operating system."""
    about = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, (str, bytes)) else ""
    return UnreachableError(
        "machine_trouble",
        f"the operating system reported an error ({error.strerror or type(error).__name__}{about}); nothing is lost",
        hint="check that the disks have free space and may be written; then run 'rw-hooks resume', or the same command "
        "again",
    )
