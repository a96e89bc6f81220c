"""The only module that uses private parts of huggingface_hub; tested with its lowest and newest supported release.

Its client hashes a file before (0.x) or while (2.x) it uploads it. We know the sha256, so :func:`known_addition` passes
it; if a release has changed inside, the client hashes the file again. :func:`count_bytes` reads the progress bars,
because LFS and Xet uploads have no other common sign of progress.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

from huggingface_hub import CommitOperationAdd, utils

__all__ = ["count_bytes", "known_addition"]

_SAMPLE = 512


def known_addition(path_in_repo: str, file: str, sha256: str, size: int) -> CommitOperationAdd:
    """Return the operation that adds the file; it reads only the first bytes of the file.

    Args:
        path_in_repo: The file's path in the repository.
        file: The file's path on this machine.
        sha256: Of the file, hexadecimal.
        size: Bytes.
    """
    try:
        return _KnownAddition(path_in_repo, file).with_hash(sha256, size)
    except (AttributeError, ImportError, TypeError):
        return CommitOperationAdd(path_in_repo, file)


class _KnownAddition(CommitOperationAdd):
    """An added file whose hash is given and not computed."""

    def __post_init__(self) -> None:
        """Do nothing, because the client would hash the file here."""

    def with_hash(self, sha256: str, size: int) -> _KnownAddition:
        from huggingface_hub.lfs import UploadInfo

        with open(str(self.path_or_fileobj), "rb") as stream:  # noqa: PTH123 - the client keeps a string
            sample = stream.read(_SAMPLE)
        self.upload_info = UploadInfo(sha256=bytes.fromhex(sha256), size=size, sample=sample)
        return self


def count_bytes(report: Callable[[int, int], None]) -> None:
    """Report every change of a progress bar.

    Args:
        report: Is called with the bytes of the most advanced bar, and the sum over all bars.
    """
    seen: defaultdict[int, float] = defaultdict(float)
    bars = cast("Any", utils).tqdm
    update = bars.update

    def counted(bar: object, n: float | None = 1) -> object:
        if n:
            seen[id(bar)] += n
            report(int(max(seen.values())), int(sum(seen.values())))
        return update(bar, n)

    bars.update = counted
