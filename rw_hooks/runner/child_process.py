"""Running a command as if it had been started directly in the terminal."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rw_hooks.errors import UsageError

__all__ = ["run_child", "signals_ignored"]

_FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_LEFT_TO_THE_CHILD = ("SIGINT", "SIGQUIT")
"""The signals that the terminal sends to the whole process group, so the child gets them itself."""
_SIGNAL_BASE = 128

Handler = Callable[[int, "FrameType | None"], None]


def run_child(command: Sequence[str], *, every: float | None = None, tick: Callable[[], None] = lambda: None) -> int:
    """Run the command with this process's own terminal, streams and process group, and return its exit code.

    Args:
        command: The command and its arguments.
        every: Seconds between calls of ``tick`` while it runs; None for no calls.
        tick: Is called while the command runs.

    Returns:
        Its exit code; if a signal ended it, 128 plus the signal's number, as in shells.

    Raises:
        UsageError: The command cannot be started.
    """
    try:
        process = subprocess.Popen(command)  # noqa: S603 - the user's own command
    except OSError as error:
        raise UsageError(
            "no_such_command", f"{command[0]} cannot be run: {error.strerror}",
            hint="write the trainer's command after '--', as you run it without rw-hooks", stage="setup",
        ) from None  # fmt: skip
    with process, _signals_for(process):
        while True:
            try:
                code = process.wait(timeout=every)
            except subprocess.TimeoutExpired:
                tick()
                continue
            return code if code >= 0 else _SIGNAL_BASE - code


@contextmanager
def signals_ignored() -> Generator[None]:
    """Let no signal end this process while the block runs, because the saves are not queued before its end."""
    with _handled(dict.fromkeys((*_FORWARDED, *_LEFT_TO_THE_CHILD), _leave)):
        yield


@contextmanager
def _signals_for(process: subprocess.Popen[bytes]) -> Generator[None]:
    """Pass signals on while the block runs."""

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    with _handled({**dict.fromkeys(_FORWARDED, forward), **dict.fromkeys(_LEFT_TO_THE_CHILD, _leave)}):
        yield


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Do nothing, because the child handles this signal itself."""


@contextmanager
def _handled(wanted: Mapping[str, Handler]) -> Generator[None]:
    """Handle signals while the block runs. Unlike SIG_IGN, a handler is not inherited by the child."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {}
    for name, handler in wanted.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)
