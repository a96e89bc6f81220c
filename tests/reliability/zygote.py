"""A process that has everything imported and gives birth to processes that die: ``python -m tests.reliability.zygote``.

Starting Python and importing the library costs a second; forking costs milliseconds. It reads one command a line, as
JSON, and answers with one line. It has no threads, so forking it is safe, and it is the subreaper of what its children
leave behind (Linux), so an orphan cannot hide.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from tests.reliability import effects
from tests.reliability.mortal import WORKS, prepare

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_ORPHAN_SECONDS = 8.0
_TOO_LONG_SECONDS = 40.0


def main() -> None:
    """Serve until standard input ends."""
    prepare()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    living: set[int] = set()
    for line in sys.stdin:
        command = json.loads(line)
        answer = _start(command, living) if command["do"] == "start" else _wait(command, living)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _start(command: dict[str, Any], living: set[int]) -> dict[str, Any]:
    child = os.fork()
    if child == 0:
        _live(command)
    living.add(child)
    return {"pid": child}


def _wait(command: dict[str, Any], living: set[int]) -> dict[str, Any]:
    """Wait for a child, killing it when it takes too long, and then for whatever it left behind."""
    child, until = command["pid"], time.monotonic() + command["seconds"]
    late = False
    while (status := _reaped(child)) is None:
        if not late and time.monotonic() > until:
            late = True
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.005)
    living.discard(child)
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            "late": late, "orphans": _orphans(living) if not living else []}  # fmt: skip


def _reaped(child: int) -> int | None:
    reaped, status = os.waitpid(child, os.WNOHANG)
    return status if reaped == child else None


def _orphans(living: set[int]) -> list[str]:
    """Return the command lines of processes that outlive those who started them."""
    until = time.monotonic() + _ORPHAN_SECONDS
    while (left := _children() - living) and time.monotonic() < until:
        for orphan in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan, os.WNOHANG)
        time.sleep(0.01)
    shown = [_command_line(orphan) for orphan in left]
    for orphan in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(orphan, signal.SIGKILL)
    return shown


def _children() -> set[int]:
    own = os.getpid()
    with contextlib.suppress(OSError):
        return {int(child) for child in Path(f"/proc/{own}/task/{own}/children").read_text().split()}
    return set()


def _command_line(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return str(process)


def _live(command: dict[str, Any]) -> NoReturn:
    """Be the child: a session of its own, a clean environment, an outcome in a file."""
    os.setsid()
    said = os.open(command["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (said, 1), (said, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(command["environ"])
    os.chdir(command["directory"])
    faulthandler.dump_traceback_later(_TOO_LONG_SECONDS)
    try:
        outcome = WORKS[command["work"]](command)
        effects.disarm()
        Path(command["outcome"]).write_text(json.dumps(outcome))
    except BaseException:  # noqa: BLE001 - whatever it dies of is what a test wants to read
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
