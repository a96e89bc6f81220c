"""Asking what a path in a folder of others is: a link that may not be followed is neither file nor folder."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_dir", "is_file"]


def is_file(path: Path) -> bool:
    """Whether there is a file that can be seen."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a link may not be followed


def is_dir(path: Path) -> bool:
    """Whether there is a folder that can be seen."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where a link may not be followed
