"""The inbox: the folder in which a save waits until its publication is enrolled. Standard library only.

An item is one JSON file, written under a temporary name and renamed, so that a reader sees all of it or nothing. When
its publication is enrolled, the item is acknowledged: it leaves the inbox, and is kept until that publication is over.
If the store is lost meanwhile, the item goes back into the inbox, so nothing must be requested again.

An item may hold a secret URL that the user gave (``--host``), so it is readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

from rw_hooks.support.atomic_file import move, write_json
from rw_hooks.support.failpoints import reach
from rw_hooks.support.file_state import FileState
from rw_hooks.support.private_files import private_folder

__all__ = [
    "SCHEMA",
    "NewerSchemaError",
    "QueueItem",
    "acknowledge",
    "acknowledged",
    "drop",
    "forget",
    "give_back",
    "left_waiting",
    "place_of",
    "remove",
    "unfinished",
    "waiting",
]

SCHEMA = 1
_SUFFIX = ".json"
_ACKNOWLEDGED = "taken"
_BYTES_MAX = 10_000_000


class NewerSchemaError(ValueError):
    """The item was written by a newer version of rw-hooks, and waits for a worker of that version."""


@dataclass(frozen=True)
class QueueItem:
    """One file that is queued for publication.

    Attributes:
        path: The file as the trainer or the user named it.
        held: The link or copy that keeps the bytes alive; equal to ``path`` when nothing was kept.
        size: Bytes when it was queued.
        mtime_ns: Its modification time then, in nanoseconds.
        inode: Its inode then (0 where there is none).
        options: Options as given in the call, by name.
        endpoint: Runware's REST endpoint for it.
        account: The fingerprint of the API key for it; empty if there was no key.
        facts: What the caller says about the run (``on_save(facts=...)``), by field name.
        argv: The trainer's own arguments, if known.
        step: Training step, if known.
        epoch: Training epoch, if known.
        metric: The score that ``which=best`` compares, if given.
        final: Whether this is the run's final file.
        run: The id of its run (see :mod:`rw_hooks.queue.runs`); empty if it belongs to no run.
        number: The number of the save in its run, from 1; files of one step and epoch are one save.
        by_name: Whether file names show which saves of the run belong together, because a command sees the saves of any
            training.
        directory: The trainer's working directory, for the commands of ``then`` and ``on_failure``.
        id: The unique id of the queue item.
        at: When it was queued, ISO 8601 in UTC.
        schema: The schema number of this record.
    """

    path: str
    held: str
    size: int
    mtime_ns: int
    inode: int
    options: Mapping[str, Any] = field(repr=False)
    endpoint: str
    account: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    argv: tuple[str, ...] = ()
    step: int | None = None
    epoch: int | None = None
    metric: float | None = None
    final: bool = True
    run: str = ""
    number: int = 0
    by_name: bool = False
    directory: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    at: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="milliseconds"))
    schema: int = SCHEMA

    @property
    def state(self) -> FileState:
        """The state of the file when it was queued, as far as it can be compared after a restart."""
        return FileState(self.size, self.mtime_ns)


def drop(home: Path, item: QueueItem, *, durable: bool) -> Path:
    """Put the queue item into the inbox and return its file.

    Args:
        home: The state folder.
        item: The queue item.
        durable: Whether to sync it to the disk first (a hook does not wait for a disk; a command does).

    Raises:
        OSError: The state folder cannot be written.
    """
    folder = private_folder(private_folder(home) / "inbox")
    final = folder / (item.id + _SUFFIX)
    write_json(final, asdict(item), durable=durable, point="inbox")
    return final


def waiting(home: Path) -> Iterator[tuple[Path, QueueItem | NewerSchemaError | OSError]]:
    """Yield the queue items in the order of their arrival.

    An item of a newer version is yielded as a :class:`NewerSchemaError`, and one that cannot be read now as an
    :class:`OSError`. A file that is still being written, was removed meanwhile, or is not a queue item, is skipped.
    """
    for path in sorted((home / "inbox").glob("[!.]*" + _SUFFIX), key=_came_at):
        try:
            yield path, _read(path)
        except FileNotFoundError:
            continue
        except (NewerSchemaError, OSError) as error:
            yield path, error
        except (ValueError, TypeError):
            continue


def left_waiting(home: Path, asked: QueueItem) -> tuple[QueueItem, Path] | None:
    """Return a queue item with the same request, and its file: an interrupted command left it."""
    wanted = _request(asked)
    found = ((item, file) for file, item in waiting(home) if isinstance(item, QueueItem) and _request(item) == wanted)
    return next(found, None)


def _request(item: QueueItem) -> dict[str, Any]:
    """Return the request of an item as JSON, without its id and time."""
    record: dict[str, Any] = json.loads(json.dumps(asdict(item)))
    return {name: value for name, value in record.items() if name not in {"id", "at"}}


def _came_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # another process has removed it meanwhile
        return 0


def place_of(home: Path, identity: str) -> Path:
    """Return the path of the item of this id while it waits."""
    return home / "inbox" / (identity + _SUFFIX)


def unfinished(home: Path) -> set[str]:
    """Return the ids of the items that wait, and of those that are kept until their publication is over."""
    waits = {path.stem for path in (home / "inbox").glob("*" + _SUFFIX)}  # first, because an item may leave meanwhile
    return waits | {_original_name(file).removesuffix(_SUFFIX) for file, _ in acknowledged(home)}


def remove(path: Path) -> None:
    """Remove an item that will never be published from the inbox; it may be gone already."""
    reach("inbox.before_remove")
    path.unlink(missing_ok=True)
    reach("inbox.after_remove")


def acknowledge(home: Path, file: Path, publication: str) -> None:
    """Remove an item from the inbox, because its publication is enrolled; it may be gone already.

    Args:
        home: The state folder.
        file: Its path in the inbox.
        publication: The id of its publication, under which it is kept.
    """
    reach("inbox.before_remove")
    try:
        move(file, private_folder(home / _ACKNOWLEDGED) / f"{publication}.{file.name}")
    except OSError:  # it is enrolled, so the second record is not necessary
        file.unlink(missing_ok=True)
    reach("inbox.after_remove")


def acknowledged(home: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of the kept items, each with the id of its publication."""
    for file in (home / _ACKNOWLEDGED).glob("[!.]*" + _SUFFIX):
        yield file, file.name.partition(".")[0]


def give_back(home: Path, file: Path) -> None:
    """Put a kept item back into the inbox, because the store no longer knows its publication.

    Raises:
        OSError: It cannot be moved. If another process has just moved it, nothing is raised.
    """
    with contextlib.suppress(FileNotFoundError):
        move(file, private_folder(home / "inbox") / _original_name(file))


def _original_name(kept: Path) -> str:
    return kept.name.partition(".")[2]


def forget(home: Path, publication: str) -> None:
    """Remove the items of a publication that is over; what cannot be removed now is removed later."""
    for file, name in acknowledged(home):
        if name == publication:
            with contextlib.suppress(OSError):
                file.unlink()


def _read(path: Path) -> QueueItem:
    if path.stat().st_size > _BYTES_MAX:
        raise ValueError(f"{path.name} is too large for a queue item")
    loaded: object = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise TypeError(f"{path.name} is not a queue item")
    record = cast("dict[str, Any]", loaded)
    if record.get("schema", 0) > SCHEMA:
        raise NewerSchemaError(
            f"{path.name} has schema {record['schema']}, but this version of rw-hooks knows schema {SCHEMA}"
        )
    known = {entry.name for entry in fields(QueueItem)}
    values = {name: value for name, value in record.items() if name in known}
    values["argv"] = tuple(values.get("argv") or ())
    return QueueItem(**values)
