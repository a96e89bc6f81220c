"""Where the state lies: inbox, journal, spool and logs. Standard library only."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rw_hooks.errors import UsageError

__all__ = ["clear_leftovers", "clear_state_leftovers", "private_folder", "state_home", "working_folder"]

_LEFT_SECONDS = 3600.0


def state_home(environ: Mapping[str, str]) -> Path:
    """Return ``RW_HOOKS_HOME``, or the platform's user state folder for rw-hooks.

    Raises:
        UsageError: It would lie in the user's home, and nobody knows where that is.
    """
    try:
        return _state_home(environ)
    except RuntimeError:
        raise UsageError("no_home", "this user has no home folder to keep the state in",
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
        UsageError: It is gone.
    """
    try:
        return Path.cwd()
    except OSError:
        raise UsageError("no_such_folder", "the working directory is gone", hint="change to one that is there",
                         stage="setup") from None  # fmt: skip


def private_folder(path: Path) -> Path:
    """Make the folder, for its owner alone (mode 0700 where there are modes), and return it.

    Raises:
        OSError: It cannot be made or written.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "posix" and path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
        path.chmod(0o700)
    return path


def clear_state_leftovers(home: Path) -> None:
    """Remove what killed processes left half-written in the state folder; an inbox's may hold a secret URL."""
    for folder in ("", "inbox", "standing", "runs"):
        clear_leftovers(home / folder, ".*.tmp")
    clear_leftovers(home / "spool", ".*.partial*")
    for unpacked in (home / "spool").glob(".unpacking-*"):
        with contextlib.suppress(OSError):
            if _is_old(unpacked, *unpacked.iterdir()):
                shutil.rmtree(unpacked)


def clear_leftovers(folder: Path, pattern: str) -> None:
    """Remove the files of this pattern that nobody has written for an hour; what cannot be removed stays."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink() and _is_old(path):
                path.unlink()


def _is_old(*paths: Path) -> bool:
    return time.time() - max(path.stat().st_mtime for path in paths) > _LEFT_SECONDS
