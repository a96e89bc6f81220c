"""Low priority for the worker: it uses only the processor and disk time that the training leaves.

Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path

__all__ = ["keep_back", "stand_back"]

_NICE = 10
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
"""The system call number of ``ioprio_set(2)``, by machine type."""
_BEST_EFFORT_LAST = (2 << 13) | 7
_WINDOWS_BACKGROUND = 0x00100000
"""``PROCESS_MODE_BACKGROUND_BEGIN`` of ``SetPriorityClass``: processor, disk and memory in the background."""


def keep_back(process: int) -> None:
    """Lower the priority of a process that was just started in its own session, before it begins its work.

    Linux may divide processor time between sessions (``sched_autogroup_enabled``, see sched(7)). Then the nice value of
    a process counts only within its session, and the nice value of the session counts against the trainer.
    """
    if sys.platform == "win32":
        return  # the process lowers its priority itself
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, _NICE)
        Path(f"/proc/{process}/autogroup").write_text(str(_NICE), encoding="ascii")


def stand_back() -> None:
    """Lower this process's priority for processor and disk, if the operating system has such priorities."""
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
