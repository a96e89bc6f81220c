"""Where the state lies: inbox, journal, spool and logs. Standard library only."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["private_folder", "state_home"]


def state_home(environ: Mapping[str, str]) -> Path:
    """Return ``RW_HOOKS_HOME``, or the platform's user state folder for rw-hooks."""
    chosen = environ.get("RW_HOOKS_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "rw-hooks"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "rw-hooks"
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "rw-hooks"


def private_folder(path: Path) -> Path:
    """Make the folder, for its owner alone (mode 0700 where there are modes), and return it.

    Raises:
        OSError: It cannot be made or written.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "posix" and path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
        path.chmod(0o700)
    return path
