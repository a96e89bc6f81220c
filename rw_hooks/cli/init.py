"""``rw-hooks init``: a commented ``rw-hooks.toml``, made from the table of options."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.cli.show import say
from rw_hooks.config.options import OPTIONS, Option
from rw_hooks.config.settings import CONFIG_NAME
from rw_hooks.errors import UsageError
from rw_hooks.support.atomic_file import write_text

__all__ = ["init", "template"]

_HEAD = """\
# Settings of rw-hooks for this folder and those below it. Flags and RW_HOOKS_... variables are stronger; what is not
# set is taken from the run and from the file. Keys and tokens do not belong here: set RUNWARE_API_KEY and HF_TOKEN.
"""
_EXAMPLES: dict[str, object] = {
    "air": "myorg:4217",
    "text": "...",
    "words": ["one", "two"],
    "names": ["ss_dataset_dirs"],
    "url": "https://example.org/hook",
    "path": "config.toml",
    "which": "final",
    "boolean": True,
}


def init(
    *,
    force: Annotated[bool, Parameter(negative="", help="Write over a file that is there.")] = False,
) -> int:
    """Write a commented rw-hooks.toml into the working directory; every line in it is commented out."""
    path = Path(CONFIG_NAME)
    if os.path.lexists(path) and not force:
        raise UsageError(
            "config_exists", f"{CONFIG_NAME} already exists", hint="run 'rw-hooks init --force' to overwrite it"
        )
    try:
        real = path.resolve()  # a link stays a link
        write_text(real, template(), mode=real.stat().st_mode & 0o777 if real.exists() else 0o666)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself, before Python 3.13
        raise UsageError("config_unwritable", f"{CONFIG_NAME} cannot be written: {error}") from None
    say(f"Wrote {path.absolute()}.")
    return 0


def template() -> str:
    """Return the file's text."""
    sent = [_entry(entry) for entry in OPTIONS.values() if entry.wire]
    done = [_entry(entry) for entry in OPTIONS.values() if not entry.wire]
    return "\n".join([_HEAD, "# What is sent\n", *sent, "# How it is done\n", *done])


def _entry(entry: Option) -> str:
    default = f" Default: {entry.default}." if entry.default else ""
    choices = f" One of: {', '.join(entry.choices)}." if entry.choices else ""
    return f"# {entry.help}{choices}{default}\n# {entry.name} = {json.dumps(_example(entry))}\n"


def _example(entry: Option) -> object:
    if entry.choices:
        return entry.choices[0]
    if entry.kind in {"integer", "number"}:
        return int(max(entry.low or 0, 0)) + 1
    return _EXAMPLES[entry.kind]
