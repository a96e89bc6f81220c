"""Stand back: the worker's share of processor and disk is what the training leaves. Standard library only."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path

__all__ = ["keep_back", "stand_back"]

_NICE = 10
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
"""The number of ``ioprio_set(2)``, by machine."""
_BEST_EFFORT_LAST = (2 << 13) | 7
_WINDOWS_BACKGROUND = 0x00100000
"""``PROCESS_MODE_BACKGROUND_BEGIN`` of ``SetPriorityClass``: processor, disk and memory in the background."""


def keep_back(process: int) -> None:
    """Lower the priority of a process that was just started in a session of its own, before it has begun its work.

    Linux weighs whole sessions against each other (``sched_autogroup_enabled``, see sched(7)): there, the nice value
    of a process counts only within its own session, and against the trainer's that of the session.
    """
    if sys.platform == "win32":
        return  # it stands back by itself
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, _NICE)
        Path(f"/proc/{process}/autogroup").write_text(str(_NICE), encoding="ascii")


def stand_back() -> None:
    """Lower this process's priority for processor and disk, where the system has one; it is no fault where not."""
    import ctypes

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
