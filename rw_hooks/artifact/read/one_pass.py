"""The one pass over a file: header, hashes and contents, in bounded memory, each byte read once.

Two hashes are needed, of the file and of the bytes after the header, and neither can be split. So one thread hashes the
file, another hashes and scans the data, and the calling thread reads ahead of both. This takes about as long as one
hash alone. A few buffers are used in turn; a buffer is used again only when both threads have finished with it.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import mmap
import os
import stat
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from rw_hooks.artifact.model import Finding
from rw_hooks.artifact.read.header import Header, HeaderError, header_length, parse_header
from rw_hooks.artifact.read.not_safetensors import SNIFF_BYTES, sniff
from rw_hooks.errors import ArtifactChangedError, ArtifactError, MissingError, RwHooksError, UsageError
from rw_hooks.support.copy_file import share_blocks
from rw_hooks.support.file_state import FileState

__all__ = ["Hashes", "OpenFile", "open_file", "read_data", "read_header", "require_unchanged"]

Progress = Callable[[int, int], None]

_PIECE = 1 << 21
"""Bytes of a buffer. Buffers are maps, which begin where a page does: into one that begins 16 bytes later, as a large
bytearray does, some kernels copy five times slower (AMD's "fast short rep mov")."""
_RING = 8


class Sink(Protocol):
    """Takes the bytes of the tensors, piece by piece."""

    def feed(self, data: memoryview) -> None:
        """Take the next bytes."""
        ...


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...


@dataclass
class OpenFile:
    """A regular file, open for reading once from its start, and the way it looked when it was opened."""

    path: Path
    descriptor: int
    state: FileState
    first_bytes: bytes = b""
    raw_header: bytes = b""
    copy: int | None = None
    shared: bool = False
    """The descriptor is the private copy itself, which shares its blocks with the file."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.state.size


@dataclass(frozen=True)
class Hashes:
    """What the pass found; None where it was not asked for.

    Attributes:
        sha256: Of the whole file.
        data_sha256: Of the bytes behind the header; None when the header could not be read.
        blake3: Of the whole file.
    """

    sha256: str | None = None
    data_sha256: str | None = None
    blake3: str | None = None


@contextmanager
def open_file(path: Path, copy_to: Path | None = None) -> Generator[OpenFile, None, None]:
    """Open a regular file; with ``copy_to``, make a private copy (mode 0600) of exactly the bytes that are read.

    The copy is removed again when anything goes wrong before the file is closed.

    Raises:
        UsageError: There is no such file.
        ArtifactError: It is a folder, a device or a pipe, or it may not be read.
    """
    _require_regular(path)
    with ExitStack() as stack:
        try:
            # Another process may have put a pipe there since: without O_NONBLOCK, opening that would wait for ever.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            descriptor = os.open(path, flags)
        except OSError as error:
            message = f"cannot read {path}: {error.strerror}"
            raise ArtifactError("unreadable", message, hint="check the file's owner and permissions") from None
        stack.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ArtifactError("not_a_file", f"{path} is not a regular file")
        file = OpenFile(path, descriptor, FileState.from_stat(status))
        if copy_to is not None:
            _begin_copy(file, copy_to, stack)
        try:
            yield file
        except BaseException as error:
            if copy_to is not None:
                copy_to.unlink(missing_ok=True)
            if not isinstance(error, OSError) or isinstance(error, RwHooksError):
                raise  # what is not the disk's fault; UnreachableError is an OSError too
            message = f"reading {path} failed: {error.strerror or error}"
            raise ArtifactError("unreadable", message, hint="check the disk that the file is on") from error


def _require_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
            raise UsageError("no_such_file", f"there is no file {path}") from None
        raise ArtifactError("unreadable", f"cannot read {path}: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise _folder_error(path)
    if not stat.S_ISREG(mode):
        raise ArtifactError("not_a_file", f"{path} is a device or a pipe, not a file")


def _folder_error(path: Path) -> ArtifactError:
    if (path / "model_index.json").exists():
        message = f"{path} is a diffusers pipeline folder, but Runware accepts only single files"
        hint = (
            "convert it: python diffusers/scripts/convert_diffusers_to_original_sdxl.py (or _stable_diffusion.py) "
            f"--model_path {path} --checkpoint_path OUT.safetensors --use_safetensors"
        )
        return ArtifactError("pipeline_folder", message, hint=hint)
    return ArtifactError("not_a_file", f"{path} is a folder", hint="give the .safetensors file inside it")


def _begin_copy(file: OpenFile, target: Path, stack: ExitStack) -> None:
    """Open the copy. Where the file system shares blocks it is complete at once, and it is what gets read."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    try:
        copy = os.open(target, flags, 0o600)
    except OSError as error:
        raise _copy_error(error) from None
    stack.callback(os.close, copy)
    if share_blocks(file.descriptor, copy):
        file.descriptor = copy
        file.state = FileState.from_stat(os.fstat(copy))
        file.shared = True
    else:
        file.copy = copy


def read_header(file: OpenFile) -> Header | Finding:
    """Read the header, or say why there is none."""
    try:
        file.first_bytes = _read(file, 8)
        length = header_length(file.first_bytes, file.size)
        file.raw_header = _read(file, length)
        return parse_header(file.raw_header, file.size - 8 - length)
    except HeaderError as error:
        if file.raw_header.startswith(b"{"):
            return error.finding
        missing = SNIFF_BYTES - len(file.first_bytes) - len(file.raw_header)
        file.raw_header += _read(file, max(0, missing))
        return sniff((file.first_bytes + file.raw_header)[:SNIFF_BYTES]) or error.finding


def read_data(file: OpenFile, sink: Sink | None, *, progress: Progress | None = None, blake3: bool = False) -> Hashes:
    """Read what follows, hashing all of the file and giving the tensors' bytes to the sink.

    Args:
        file: As :func:`read_header` left it.
        sink: Takes the bytes behind the header; None when there is no header, and then only the file is hashed.
        progress: Called with (bytes done, bytes in all).
        blake3: Whether that hash is wanted too.

    Raises:
        ArtifactChangedError: The file was rewritten, truncated or replaced meanwhile.
        MissingError: The blake3 package is not installed.
    """
    whole, data, extra = hashlib.sha256(), hashlib.sha256(), _blake3() if blake3 else None
    start = memoryview(file.first_bytes + file.raw_header)
    whole.update(start)
    if extra:
        extra.update(start)

    def look_at(piece: memoryview) -> None:
        if sink is not None:
            data.update(piece)
            sink.feed(piece)
        if extra:
            extra.update(piece)

    done = len(start)
    for count in _handed_out(file, (whole.update, look_at)):
        done += count
        if progress is not None:
            progress(done, file.size)
    require_unchanged(file, done)
    return Hashes(
        whole.hexdigest(), data.hexdigest() if sink is not None else None, extra.hexdigest() if extra else None
    )


def _handed_out(file: OpenFile, takers: Sequence[Callable[[memoryview], object]]) -> Iterator[int]:
    """Read the rest of the file, hand each piece to all takers, and yield its length.

    Each taker works in a thread of its own and gets the pieces in order. A buffer is filled again when all are done
    with it.
    """
    hands = [_Hand(taker) for taker in takers]
    buffers = [memoryview(mmap.mmap(-1, _PIECE)) for _ in range(_RING)]
    try:
        for number in itertools.count():
            if number >= _RING:
                for hand in hands:
                    hand.done.get()
            buffer = buffers[number % _RING]
            count = 0 if any(hand.failures for hand in hands) else _read_into(file, buffer)
            if not count:
                break
            for hand in hands:
                hand.pieces.put(buffer[:count])
            yield count
    finally:
        for hand in hands:
            hand.pieces.put(None)
        for hand in hands:
            hand.thread.join()
    failures = [failure for hand in hands for failure in hand.failures]
    if failures:
        raise failures[0]


class _Hand:
    """A thread that does one thing with every piece; after it failed it lets the others pass."""

    def __init__(self, take: Callable[[memoryview], object]) -> None:
        self.pieces: SimpleQueue[memoryview | None] = SimpleQueue()
        self.done: SimpleQueue[None] = SimpleQueue()
        self.failures: list[BaseException] = []
        self._take = take
        self.thread = threading.Thread(target=self._work, name="inspect", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while (piece := self.pieces.get()) is not None:
            try:
                if not self.failures:
                    self._take(piece)
            except BaseException as error:  # noqa: BLE001 - raised again in the reading thread
                self.failures.append(error)
            self.done.put(None)


def _read(file: OpenFile, count: int) -> bytes:
    buffer = bytearray(count)
    filled = _read_into(file, memoryview(buffer))
    return bytes(buffer[:filled])


def _read_into(file: OpenFile, view: memoryview) -> int:
    """Fill the view as far as the file goes, copying what was read."""
    filled = 0
    while filled < len(view):
        count = _readv(file.descriptor, view[filled:])
        if not count:
            break
        filled += count
    if file.copy is not None:
        _write_all(file.copy, view[:filled])
    return filled


def _readv(descriptor: int, view: memoryview) -> int:
    if hasattr(os, "readv"):
        return os.readv(descriptor, [view])
    data = os.read(descriptor, len(view))
    view[: len(data)] = data
    return len(data)


def _write_all(descriptor: int, view: memoryview) -> None:
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except OSError as error:
            raise _copy_error(error) from None


def _copy_error(error: OSError) -> MissingError:
    message = f"cannot write the private copy of the file: {error.strerror or error}"
    return MissingError("copy_failed", message, hint="free some space, or give another folder with --staging")


def require_unchanged(file: OpenFile, done: int) -> None:
    """Let a file pass that nobody wrote to while it was read; ``done`` bytes were.

    Raises:
        ArtifactChangedError: It was rewritten or replaced.
    """
    rewritten = FileState.from_stat(os.fstat(file.descriptor)) != file.state or done != file.size
    if rewritten or (not file.shared and _replaced(file)):
        message = f"{file.path} was rewritten while it was being read"
        raise ArtifactChangedError(
            "artifact_changed", message, hint="publish it again when the trainer has finished writing it"
        )


def _replaced(file: OpenFile) -> bool:
    try:
        return FileState.of(file.path) != file.state
    except OSError:
        return True


def _blake3() -> _Hash:
    try:
        from blake3 import blake3
    except ImportError:
        message = "--blake3 needs the blake3 package"
        raise MissingError("blake3_missing", message, hint="pip install 'rw-hooks[blake3]'") from None
    hasher: _Hash = blake3()
    return hasher
