"""Whether a path in somebody else's folder is a file or a folder: a link that may not be followed is neither."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_dir", "is_file"]


def is_file(path: Path) -> bool:
    """Whether the path is a file that may be accessed."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a link may not be followed


def is_dir(path: Path) -> bool:
    """Whether the path is a folder that may be accessed."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where a link may not be followed
