"""Handling of an unexpected error: a short message, and the traceback in a file without secrets."""

from __future__ import annotations

import os
import traceback
from datetime import datetime, timezone
from pathlib import Path

from rw_hooks import __version__
from rw_hooks.cli.show import say
from rw_hooks.config.settings import load
from rw_hooks.errors import EXIT_BUG
from rw_hooks.support.private_files import private_folder
from rw_hooks.support.redact import redact

__all__ = ["report_bug"]


def report_bug(error: BaseException) -> int:
    """Write the traceback to ``RW_HOOKS_HOME/logs``, print a message to standard error, and return the exit code."""
    kind = type(error).__name__
    try:
        settings = load()
        secrets = [secret.get_secret_value() for secret in (settings.api_key, settings.hf_token) if secret is not None]
        path = _write(settings.home, redact("".join(traceback.format_exception(error)), *secrets))
    except Exception as trouble:  # noqa: BLE001 - what caused the bug may stand in the way here too
        said = redact(str(trouble))
        say(f"error: a bug of rw-hooks {__version__}: {kind}; its traceback could not be written: {said}")
    else:
        say(f"error: a bug of rw-hooks {__version__}: {kind}: {redact(str(error), *secrets)}")
        say(f"fix: please report it with what you did, and with the traceback in {path}")
    say("Your publications are safe in the journal: 'rw-hooks jobs' shows them, 'rw-hooks resume' continues them.")
    return EXIT_BUG


def _write(home: Path, text: str) -> Path:
    folder = private_folder(private_folder(home) / "logs")
    path = folder / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
