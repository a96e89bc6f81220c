"""Standing back: the worker's share of processor and disk is what the training leaves."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys

__all__ = ["stand_back"]

_NICE = 10
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
"""The number of ``ioprio_set(2)``, by machine."""
_BEST_EFFORT_LAST = (2 << 13) | 7
_WINDOWS_BACKGROUND = 0x00100000
"""``PROCESS_MODE_BACKGROUND_BEGIN`` of ``SetPriorityClass``: processor, disk and memory in the background."""


def stand_back() -> None:
    """Lower this process's priority for processor and disk, where the system has one; it is no fault where not."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError, AttributeError):
            kernel = ctypes.windll.kernel32
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), _WINDOWS_BACKGROUND)
        return
    with contextlib.suppress(OSError):
        os.nice(_NICE - os.nice(0))
    number = _IOPRIO_SET.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(number, 1, 0, _BEST_EFFORT_LAST)
