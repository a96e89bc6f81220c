"""The command line: one small module a command, loaded when it is called.

The overview and the version come from tables of the standard library alone, so that they are there at once; everything
else waits until a command is called.
"""

from __future__ import annotations

import io
import sys

from rw_hooks.cli.commands import overview

__all__ = ["main"]


def main() -> None:
    """Run ``rw-hooks`` with the arguments of this process, and leave with its exit code."""
    arguments = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if arguments in ([], ["--help"], ["-h"]):
        sys.stdout.write(overview())
        return
    if arguments == ["--version"]:
        from rw_hooks import __version__

        sys.stdout.write(__version__ + "\n")
        return
    from rw_hooks.cli.app import run

    sys.exit(run(arguments))
