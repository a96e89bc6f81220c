"""Hand-overs that are in the journal, kept until their publication is over. Standard library only.

Should the journal be lost meanwhile, they go back into the inbox, and nothing has to be asked for again. Like the inbox
they may hold a secret URL that the user gave, so they are their owner's alone, and gone when the publication is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rw_hooks.support.atomic_file import move
from rw_hooks.support.failpoints import reach
from rw_hooks.support.private_files import private_folder

__all__ = ["forget", "give_back", "keep", "kept"]


def keep(home: Path, file: Path, publication: str) -> None:
    """Take a hand-over out of the inbox, because the journal has it; it is no fault when it is gone already.

    Args:
        home: The state folder.
        file: Its place in the inbox.
        publication: The journal's name of what it became.
    """
    reach("inbox.before_remove")
    try:
        move(file, private_folder(home / "taken") / f"{publication}.{file.name}")
    except OSError:  # the journal has it: what cannot be kept a second time need not be
        file.unlink(missing_ok=True)
    reach("inbox.after_remove")


def kept(home: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is kept, each with the name of its publication."""
    for file in (home / "taken").glob("[!.]*.json"):
        yield file, file.name.partition(".")[0]


def give_back(home: Path, file: Path) -> None:
    """Put a hand-over back into the inbox, because the journal no longer knows what it became.

    Raises:
        OSError: It cannot be moved; it is no fault when somebody else has just done so.
    """
    with contextlib.suppress(FileNotFoundError):
        move(file, private_folder(home / "inbox") / file.name.partition(".")[2])


def forget(home: Path, publication: str) -> None:
    """Remove the hand-overs of a publication that is over; what cannot be removed now is removed another time."""
    for file, name in kept(home):
        if name == publication:
            with contextlib.suppress(OSError):
                file.unlink()
