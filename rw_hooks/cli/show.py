"""Printing for people: text without terminal control characters, errors with their fix, and tables.

Tables go to standard output, everything else to standard error, so that ``--json`` and pipes stay clean. Names and
messages come from files and from the network, so control characters in them are escaped, and nothing in them is read as
markup.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rw_hooks.errors import RwHooksError

__all__ = ["clean", "print_gap", "print_rows", "print_table", "say", "say_error", "say_failure", "terminal"]

_PIPE_WIDTH = 10_000  # output for programs is neither wrapped nor cut


class _Terminal(Console):
    """A console that ignores a broken pipe, so that the work continues without output."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def terminal(*, stderr: bool = False) -> Console:
    """Return the console of standard output or standard error."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return _Terminal(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def clean(value: object) -> str:
    """Return the value as text in which every terminal control character is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value))


def say(message: str) -> None:
    """Print one line to standard error; if the terminal is gone, the work continues without the line."""
    with contextlib.suppress(OSError):
        terminal(stderr=True).print(Text(clean(message)), soft_wrap=True)


def say_error(error: RwHooksError) -> None:
    """Print what happened, and what fixes it, to standard error."""
    say_failure(error.as_json())


def say_failure(error: Mapping[str, Any]) -> None:
    """Print the ``error`` object of a publication to standard error."""
    lines = str(error["message"]).strip().splitlines() or [""]
    say(f"error: {lines[0]}")
    for line in lines[1:]:
        say(f"  {line}")
    if error.get("hint"):
        say(f"fix:   {error['hint']}")


def print_rows(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one pair a line, to standard output."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(clean(name)), Text(clean(value)))
    _print(table)


def print_gap() -> None:
    """Print an empty line to standard output, between what is said of two files."""
    terminal().out("", highlight=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole: Collection[str] = ()) -> None:
    """Print a table with a heading to standard output.

    Args:
        columns: Their headings.
        rows: What stands in them.
        whole: The columns that are copied by hand, and so are not broken where the terminal is narrow.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(Text(clean(value)) for value in row))
    _print(table)


def _print(table: Table) -> None:
    """Print the table without trailing spaces."""
    console = terminal()
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)
