"""One small JSON file in the state folder, which a reader sees whole or not at all. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from rw_hooks.support.failpoints import reach

__all__ = ["write"]


def write(final: Path, record: object, *, durable: bool = False, point: str = "") -> None:
    """Write the record for its owner alone, beside its final name, and rename it; leave nothing where that fails.

    Args:
        final: The file.
        record: What JSON can say.
        durable: Whether to force it to the disk first.
        point: The name of the place in the code, where a test may stop it.

    Raises:
        OSError: It cannot be written.
    """
    temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        _reach(point, "before_write")
        written = _write(temporary, record, durable=durable)
        _reach(point, "before_rename")
        _move(temporary, final, written)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _reach(point, "after_rename")


def _reach(point: str, where: str) -> None:
    if point:
        reach(f"{point}.{where}")


def _write(path: Path, record: object, *, durable: bool) -> os.stat_result:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        if durable:
            os.fsync(descriptor)
        return os.fstat(descriptor)


def _move(temporary: Path, final: Path, written: os.stat_result) -> None:
    """Rename; a server of files may do it, lose its answer, and then say that there is no such file."""
    try:
        temporary.replace(final)
    except OSError:
        if not _is_there(final, written):
            raise


def _is_there(final: Path, written: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(final.stat(), written)
    return False
