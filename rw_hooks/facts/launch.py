"""How a training was started: a script and its options, read from an argv or a launch script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rw_hooks.facts.configs import UnreadableError, is_secret_key, read_text
from rw_hooks.facts.values import base_name
from rw_hooks.facts.variables import BATCH, POWERSHELL, SHELL, Dialect, expanded, plain
from rw_hooks.support.redact import redact

__all__ = ["LAUNCH_SUFFIXES", "Launch", "parse_argv", "read_launch_script"]

_DIALECTS = {".sh": SHELL, ".bash": SHELL, ".bat": BATCH, ".cmd": BATCH, ".ps1": POWERSHELL}
LAUNCH_SUFFIXES = tuple(_DIALECTS)
_LINE_MAX = 100_000


@dataclass(frozen=True)
class Launch:
    """A trainer's command line without its secrets.

    Attributes:
        source: Its name in sources: ``command line``, or the name of the launch script.
        script: The trainer script's file name, or the module after ``-m``; empty if there is none.
        options: Long options by name with underscores: a text, a list of texts, or True for a switch.
        arguments: The arguments that are not options or their values, such as config files.
    """

    source: str
    script: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arguments: tuple[str, ...] = ()


def parse_argv(argv: Sequence[str], source: str = "command line") -> Launch:
    """Read an argv; launchers (``accelerate launch --num_processes 1``) and their options are skipped."""
    start, script = _script(argv)
    arguments, options = _split(argv[start:])
    return Launch(source=source, script=script, options=options, arguments=tuple(arguments))


def _script(argv: Sequence[str]) -> tuple[int, str]:
    """Return where the trainer's own arguments begin, and its script: the last one (a script may run another)."""
    start, script = 0, ""
    for index, word in enumerate(argv):
        if word == "-m" and index + 1 < len(argv) and not script:
            start, script = index + 2, argv[index + 1]
        elif word.endswith(".py") and (not script or index == start):
            start, script = index + 1, base_name(word)
    return start, script


def _split(argv: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    arguments: list[str] = []
    given: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in argv:
        if word.startswith("--") and len(word) > 2:  # noqa: PLR2004 - more than the dashes
            name, equals, value = word[2:].partition("=")
            current = given[name.replace("-", "_")] = [value] if equals else []
            current = None if equals else current
        elif current is None:
            arguments.append(redact(word))
        else:
            current.append(redact(word))
    return arguments, {name: _value(values) for name, values in given.items() if not is_secret_key(name)}


def _value(values: list[str]) -> str | list[str] | bool:
    if not values:
        return True
    return redact(values[0]) if len(values) == 1 else values


def read_launch_script(path: Path) -> Launch:
    """Read the trainer's command from a shell or batch script, such as fluxgym's ``train.sh``.

    Variables are replaced by the values that the script sets; an option whose value cannot be known is dropped.

    Raises:
        UnreadableError: It is not a script, or has no command with options.
    """
    dialect = _DIALECTS.get(path.suffix.lower())
    if dialect is None:
        raise UnreadableError(f"{path.name} is not a launch script")
    lines = expanded(_commands(read_text(path)), dialect)
    commands = [words for line in lines if len(words := _words(line)) > 1]
    launches = [launch for words in commands if (launch := parse_argv(words, path.name)).options]
    if not launches:
        raise UnreadableError(f"{path.name} has no command with options")
    return _known(max(launches, key=lambda launch: len(launch.options)), dialect)


def _known(launch: Launch, dialect: Dialect) -> Launch:
    """Return the command without the values that contain an unknown variable."""
    options: dict[str, Any] = {}
    for name, value in launch.options.items():
        words = [value] if isinstance(value, str) else [] if value is True else value
        known = [word for word in (plain(word, dialect) for word in words) if word is not None]
        if known or value is True:
            options[name] = _value(known)
    arguments = tuple(word for word in (plain(word, dialect) for word in launch.arguments) if word is not None)
    return replace(launch, options=options, arguments=arguments)


def _commands(content: str) -> list[str]:
    joined = re.sub(r"[ \t]*[\\^`][ \t]*\r?\n", " ", content)
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith(("#", "REM ", "::"))]


def _words(line: str) -> list[str]:
    if len(line) > _LINE_MAX:  # no shell accepts so long a command, and splitting it would take minutes
        return []
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []
