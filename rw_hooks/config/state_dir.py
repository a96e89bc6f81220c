"""The state folder: inbox, journal, spool and logs. Standard library only."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rw_hooks.errors import MissingError, UsageError
from rw_hooks.support.named_locks import clear_older_locks
from rw_hooks.support.private_files import clear_leftovers, is_old

__all__ = ["clear_state_leftovers", "state_home", "working_folder"]


def state_home(environ: Mapping[str, str]) -> Path:
    """Return ``RW_HOOKS_HOME``, or the platform's user state folder for rw-hooks.

    Raises:
        MissingError: It would be in the user's home folder, which is unknown.
    """
    try:
        return _state_home(environ)
    except RuntimeError:
        raise MissingError("no_home", "there is no home folder for the state of rw-hooks",
                           hint="set RW_HOOKS_HOME to a folder on a local disk", stage="setup") from None  # fmt: skip


def _state_home(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("RW_HOOKS_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "rw-hooks"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "rw-hooks"
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "rw-hooks"


def working_folder() -> Path:
    """Return the working directory.

    Raises:
        UsageError: It was removed.
    """
    try:
        return Path.cwd()
    except OSError:
        raise UsageError("no_such_folder", "the working directory was "
                                           "removed", hint="change to a directory that exists",
                         stage="setup") from None  # fmt: skip


def clear_state_leftovers(home: Path) -> None:
    """Remove incomplete files of killed processes from the state folder.

    Those of the inbox may contain a secret URL.
    """
    for folder in ("", "inbox", "standing", "runs", "spool"):
        clear_leftovers(home / folder, ".*.tmp")
    clear_leftovers(home / "spool", ".*.partial*")
    clear_older_locks(home)
    for unpacked in (home / "spool").glob(".unpacking-*"):
        with contextlib.suppress(OSError):
            if is_old(unpacked, *unpacked.iterdir()):
                shutil.rmtree(unpacked)
