"""Unpacking a hosted trainer's archive (Replicate's flux-fine-tuner makes a tar), without trusting it.

Only regular members are written, under their file names without folders, into a folder of ours: the weights file, the
config and the captions. Not more than a member's declared size is read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from rw_hooks.errors import ArtifactError
from rw_hooks.support.atomic_file import move
from rw_hooks.support.file_state import FileState
from rw_hooks.support.foreign import is_file

__all__ = ["is_tar", "unpack"]

_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_CONFIGS = frozenset({"config.yaml", "config.yml"})
_SMALL_BYTES_MAX = 5_000_000
_CAPTIONS_MAX = 2_000
_MEMBERS_MAX = 20_000


def is_tar(path: Path) -> bool:
    """Whether the path is named like a tar archive and is a file."""
    return path.name.lower().endswith(_SUFFIXES) and is_file(path)


def unpack(archive: Path, spool: Path) -> Path:
    """Write the files that a publication needs into a folder below ``spool``, and return that folder.

    The folder's name is made from the archive's path, size and time, so the same archive is unpacked only once.

    Raises:
        ArtifactError: It is not a tar, is incomplete, or does not contain exactly one ``.safetensors`` file.
    """
    state = FileState.of(archive)
    mark = hashlib.sha256(f"{archive.resolve()}|{state.size}|{state.mtime_ns}".encode()).hexdigest()[:16]
    folder = spool / f"tar-{mark}" / archive.name.split(".")[0]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=spool))
    try:
        _extract(archive, fresh)
        _move(fresh, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArtifactError("bad_archive", f"{archive.name} cannot be unpacked: {error}",
                            hint="download it again", stage="inspect") from None  # fmt: skip
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _move(fresh: Path, folder: Path) -> None:
    try:
        move(fresh, folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process has unpacked the same archive first
            raise


def _extract(archive: Path, folder: Path) -> None:
    weights: list[str] = []
    captions = 0
    with tarfile.open(archive, mode="r:*") as tar:
        for member in _members(tar):
            name = PurePosixPath(member.name).name
            if name.endswith(".safetensors"):
                weights.append(name)
            elif name.endswith(".txt") and member.size <= _SMALL_BYTES_MAX and captions < _CAPTIONS_MAX:
                captions += 1
            elif name not in _CONFIGS or member.size > _SMALL_BYTES_MAX:
                continue
            _write(tar.extractfile(member), member.size, folder / name)
    if len(weights) != 1:
        raise ArtifactError("bad_archive", f"{archive.name} holds {len(weights)} .safetensors files; it must "
                                           "hold exactly one",
                            hint="unpack it yourself, then publish the file", stage="inspect")  # fmt: skip


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar):
        if count >= _MEMBERS_MAX:
            return
        if member.isreg() and not PurePosixPath(member.name).name.startswith("."):
            yield member


def _write(source: IO[bytes] | None, size: int, target: Path) -> None:
    if source is None:
        return
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        if file.tell() != size:
            raise EOFError(f"{target.name} is incomplete")
        file.flush()
        os.fsync(file.fileno())
