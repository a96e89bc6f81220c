"""The public name, for readers, of :mod:`rw_hooks.support.foreign`."""

from __future__ import annotations

from rw_hooks.support.foreign import is_dir, is_file

__all__ = ["is_dir", "is_file"]
