"""Running the commands of ``then`` and ``on_failure`` when a publication has ended."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from pathlib import Path

from rw_hooks.config.settings import Settings
from rw_hooks.publication.model import Publication

__all__ = ["run_command"]

_LOG = logging.getLogger("rw_hooks.publish")
_SECONDS = 3600.0


def run_command(settings: Settings, publication: Publication, directory: Path) -> None:
    """Run the command for this end, without a shell; its errors are logged.

    It finds ``RW_HOOKS_STATUS``, ``RW_HOOKS_PATH``, ``RW_HOOKS_AIR`` and ``RW_HOOKS_ERROR_CODE`` (the last two may be
    empty) in its environment.

    Args:
        settings: The options of this publication.
        publication: The publication; ``on_failure`` runs if it is not ready.
        directory: The command's working directory; the state folder if the directory is gone.
    """
    command = settings.text("then" if publication.status == "ready" else "on_failure")
    if command is None:
        return
    environment = {
        **os.environ,
        "RW_HOOKS_STATUS": publication.status,
        "RW_HOOKS_PATH": publication.path,
        "RW_HOOKS_AIR": publication.air or "",
        "RW_HOOKS_ERROR_CODE": str(publication.error["code"]) if publication.error else "",
    }
    try:
        words = shlex.split(command, posix=os.name == "posix")
        done = subprocess.run(  # noqa: S603 - the user's own command
            words, env=environment, cwd=directory if directory.is_dir() else settings.home, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        _LOG.warning("the command %r could not be run: %s", command, error)
        return
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()[-500:]
        _LOG.warning("the command %r ended with exit code %d: %s", command, done.returncode, said)
