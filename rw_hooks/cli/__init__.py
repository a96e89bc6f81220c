"""The command line: one small module for each command, loaded when it is called.

The overview and the version need only the standard library, so that they are printed at once. Everything else is
imported when a command is called.
"""

from __future__ import annotations

import io
import os
import sys

from rw_hooks.cli.commands import overview
from rw_hooks.errors import EXIT_PIPE

__all__ = ["main"]


def main() -> None:
    """Run ``rw-hooks`` with the arguments of this process, and exit with its exit code."""
    _see_streams()
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the pipe has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_PIPE
    if code is not None:
        sys.exit(code)


def _see_streams() -> None:
    """Make standard output and standard error accept any character, even if a shell closed them (``>&-``)."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - open until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int | None:
    """Run one command line and return its exit code, or None if it only printed a text."""
    if arguments in ([], ["--help"], ["-h"]):
        sys.stdout.write(overview())
        return None
    if arguments == ["--version"]:
        from rw_hooks import __version__

        sys.stdout.write(__version__ + "\n")
        return None
    from rw_hooks.cli.app import run

    return run(arguments)
