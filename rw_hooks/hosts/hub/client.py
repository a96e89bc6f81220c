"""The one place that reaches inside huggingface_hub, tested on its lowest and newest supported release.

Its client hashes a file before (0.x) or while (2.x) it uploads it. We know the sha256, so :func:`known_addition` hands
it over; where a release's inside has changed, the client simply hashes again. :func:`count_bytes` taps the progress
bars, because they are the one sign of life that LFS and Xet uploads share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

from huggingface_hub import CommitOperationAdd, utils

__all__ = ["count_bytes", "known_addition"]

_SAMPLE = 512


def known_addition(path_in_repo: str, file: str, sha256: str, size: int) -> CommitOperationAdd:
    """Return the operation that adds the file, without reading more of it than its first bytes.

    Args:
        path_in_repo: Its path in the repository.
        file: Its path here.
        sha256: Of the file, hexadecimal.
        size: Bytes.
    """
    try:
        return _KnownAddition(path_in_repo, file).with_hash(sha256, size)
    except (AttributeError, ImportError, TypeError):
        return CommitOperationAdd(path_in_repo, file)


class _KnownAddition(CommitOperationAdd):
    """An addition whose hash is given and not computed."""

    def __post_init__(self) -> None:
        """Leave out what the client does here: hashing the file."""

    def with_hash(self, sha256: str, size: int) -> _KnownAddition:
        from huggingface_hub.lfs import UploadInfo

        with open(str(self.path_or_fileobj), "rb") as stream:  # noqa: PTH123 - the client keeps a string
            sample = stream.read(_SAMPLE)
        self.upload_info = UploadInfo(sha256=bytes.fromhex(sha256), size=size, sample=sample)
        return self


def count_bytes(report: Callable[[int, int], None]) -> None:
    """Have every movement of a progress bar reported.

    Args:
        report: Called with the bytes of the bar that is furthest, and the sum over all bars.
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
