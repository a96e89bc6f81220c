"""Files that a reader sees completely or not at all: written under another name, then renamed. Standard library only.

Only this module renames files. A killed process leaves a file named ``.rw-hooks-<8 hex>.tmp``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rw_hooks.support.failpoints import reach

__all__ = ["LEFTOVERS", "move", "renamed_when_whole", "replacing", "write_bytes", "write_json", "write_text"]

LEFTOVERS = ".rw-hooks-????????.tmp"
"""The pattern of the files that a process leaves if it is killed while it writes."""
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_json(final: Path, record: object, *, durable: bool = False, point: str = "") -> None:
    """Write a value as JSON into a file that only its owner can read; see :func:`write_bytes`."""
    write_bytes(final, json.dumps(record).encode(), durable=durable, point=point)


def write_text(final: Path, text: str, *, mode: int = 0o600, durable: bool = False, point: str = "") -> None:
    """Write text as UTF-8; see :func:`write_bytes`."""
    write_bytes(final, text.encode(), mode=mode, durable=durable, point=point)


def write_bytes(final: Path, data: bytes, *, mode: int = 0o600, durable: bool = False, point: str = "") -> None:
    """Write a complete file, and leave nothing if this fails.

    Args:
        final: The file.
        data: Its content.
        mode: The file's mode, before the umask.
        durable: Whether to force it to the disk first.
        point: The name of the place in the code, where a test may stop it.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(final, mode=mode, durable=durable, point=point) as file:
        file.write(data)


@contextmanager
def replacing(final: Path, *, mode: int = 0o600, durable: bool = False, point: str = "") -> Generator[IO[bytes]]:
    """Open a new file, which gets its name when the block succeeds, and is removed when it fails.

    Args:
        final: The file.
        mode: The file's mode, before the umask.
        durable: Whether to force it to the disk first.
        point: The name of the place in the code, where a test may stop it.

    Raises:
        OSError: It cannot be written.
    """
    # A unique name, because another thread or process may be writing the same file.
    temporary = final.with_name(f".rw-hooks-{os.urandom(4).hex()}.tmp")
    with renamed_when_whole(temporary, final, point=point), _closed(temporary, mode, durable=durable) as file:
        yield file


@contextmanager
def _closed(temporary: Path, mode: int, *, durable: bool) -> Generator[IO[bytes]]:
    with os.fdopen(os.open(temporary, _FLAGS, mode), "wb") as file:
        yield file
        file.flush()
        if durable:
            os.fsync(file.fileno())


@contextmanager
def renamed_when_whole(temporary: Path, final: Path, *, point: str = "") -> Generator[None]:
    """Let the block write a file, which gets its final name when the block succeeds, and is removed when it fails.

    Args:
        temporary: The file that the block writes, in the same folder.
        final: The name it gets.
        point: The name of the place in the code, where a test may stop it.

    Raises:
        OSError: It cannot be renamed.
    """
    try:
        _reach(point, "before_write")
        yield
        _reach(point, "before_rename")
        move(temporary, final)
    except BaseException:
        with contextlib.suppress(
            OSError
        ):  # a folder without write permission causes an error even for a file that does not exist
            temporary.unlink(missing_ok=True)
        raise
    _reach(point, "after_rename")


def move(source: Path, final: Path) -> None:
    """Rename a file or folder. A file server may do this, lose its answer, and then report that there is no such file.

    Raises:
        OSError: It cannot be renamed.
    """
    before = source.lstat()
    try:
        os.replace(source, final)  # noqa: PTH105 - a rename with this name is what the tests look for
    except OSError:
        if not _is_there(final, before):
            raise


def _reach(point: str, where: str) -> None:
    if point:
        reach(f"{point}.{where}")


def _is_there(final: Path, before: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(final.lstat(), before)
    return False
