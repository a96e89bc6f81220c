"""What several commands have in common: settings with logging, and showing publications one after the other."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rw_hooks.cli.flags import Flags
from rw_hooks.cli.progress import watching
from rw_hooks.cli.show import print_gap, say, say_failure, terminal
from rw_hooks.cli.summary import print_summary
from rw_hooks.config.settings import Settings, load
from rw_hooks.errors import UsageError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.observer import Observer
from rw_hooks.support.redact import redact

__all__ = ["print_json", "run_all", "settings_from", "show"]


class _Messages(logging.Handler):
    """Prints the library's log messages like all other messages: to standard error, without secrets."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"{record.levelname.lower()}: {redact(record.getMessage())}")


def settings_from(flags: Flags | None = None, *, concurrency: str | None = None) -> Settings:
    """Return the settings, and print the library's log messages from their log level on.

    Args:
        flags: The options of a command that has all options.
        concurrency: The option of this name, of a command that has no other options.

    Raises:
        UsageError: An option is unknown, or a value malformed or out of bounds.
    """
    given = flags.given() if flags else {"concurrency": concurrency} if concurrency else None
    settings = load(given, as_flags=True)
    logger = logging.getLogger("rw_hooks")
    try:
        logger.setLevel(settings.log_level)
    except ValueError:
        raise UsageError(
            "bad_option",
            f"RW_HOOKS_LOG_LEVEL: {settings.log_level!r} is not a level",
            hint="set it to DEBUG, INFO, WARNING or ERROR",
            stage="setup",
        ) from None
    logger.handlers = [_Messages()]
    return settings


def run_all(journeys: Callable[[Observer], Iterable[Publication]], *, as_json: bool, if_none: str = "") -> int:
    """Run the journeys, show each publication as it ends, and return the first exit code that is not 0.

    Args:
        journeys: Yields publications.
        as_json: Whether to print lines of JSON, and no word.
        if_none: What to say where there is none.
    """
    code, ends = 0, Counter[str]()
    with watching(silent=as_json) as onlooker:
        for publication in journeys(onlooker):
            with onlooker.paused():
                if ends and not as_json:
                    print_gap()
                show(publication, as_json=as_json)
            code = code or publication.exit_code
            ends[publication.status] += 1
    files = sum(ends.values())
    if not files and if_none and not as_json:
        say(if_none)
    if files > 1 and not as_json:
        say(f"{files} files: " + ", ".join(f"{count} {status}" for status, count in ends.items()))
    return code


def show(publication: Publication, *, as_json: bool) -> None:
    """Print the result of a publication, and its error to standard error."""
    if as_json:
        print_json(publication.as_json())
    else:
        print_summary(publication)
    if publication.error is not None:
        say_failure(publication.error)


def print_json(shown: Mapping[str, Any]) -> None:
    """Print one line of JSON to standard output."""
    terminal().out(json.dumps(shown), highlight=False)
