"""Makes the n-th system effect of a process fail, as SQLite's own tests do for every n.

What Python audits (opening, renaming, linking, removing, connecting, spawning) fails in an audit hook, before it
happens. What it does not audit (syncing, sending, receiving) fails in the function that the library calls.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["KINDS", "arm", "disarm", "limit_files"]

_AUDITED = {
    "open": "open",
    "os.rename": "rename",
    "os.link": "link",
    "os.remove": "unlink",
    "os.mkdir": "mkdir",
    "os.chmod": "chmod",
    "sqlite3.connect": "sqlite",
    "socket.connect": "connect",
    "subprocess.Popen": "spawn",
}
_CALLED: tuple[tuple[Any, str, str], ...] = (
    (os, "fsync", "fsync"),
    (socket.socket, "send", "send"),
    (socket.socket, "sendall", "send"),
    (socket.socket, "recv", "recv"),
)
KINDS = (*dict.fromkeys(_AUDITED.values()), *dict.fromkeys(kind for _, _, kind in _CALLED))
_ERRORS = {
    "connect": errno.ECONNREFUSED, "send": errno.EPIPE, "recv": errno.ECONNRESET,
    "spawn": errno.EAGAIN, "fsync": errno.EIO, "chmod": errno.EPERM, "link": errno.EPERM,
}  # fmt: skip


_armed: list[_Switch] = []


def limit_files(size: int) -> None:
    """Have every write fail that would make a file larger than so many bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def disarm() -> None:
    """Let everything succeed again."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for switch in _armed:
        switch.n = 0


def arm(wish: dict[str, Any]) -> None:
    """Have the n-th effect of a kind fail, and count them all in a file: ``{"kind", "n", "count"}``."""
    switch = _Switch(wish["kind"], wish["n"], wish["count"])
    _armed.append(switch)
    if wish["kind"] in _AUDITED.values():
        sys.addaudithook(switch.audited)
    for place, name, kind in _CALLED:
        if kind == wish["kind"]:
            setattr(place, name, switch.around(getattr(place, name)))


class _Switch:
    def __init__(self, kind: str, n: int, count: str) -> None:
        self._kind, self.n = kind, n
        self._seen = 0
        self._lock = threading.Lock()
        self._inside = threading.local()
        self._count = os.open(count, os.O_WRONLY | os.O_CREAT, 0o600)

    def audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if _AUDITED.get(event) == self._kind and not _is_reading_code(event, arguments):
            self._happen()

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            self._happen()
            return call(*arguments, **named)

        return called

    def _happen(self) -> None:
        with self._lock:
            self._seen += 1
            here = self._seen == self.n
        os.pwrite(self._count, str(self._seen).encode(), 0)
        if here:
            number = _ERRORS.get(self._kind, errno.ENOSPC)
            raise OSError(number, os.strerror(number))


def _is_reading_code(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether Python opens a module, a certificate or a device: no effect of ours."""
    return event == "open" and str(arguments[0]).startswith(
        (sys.prefix, sys.base_prefix, "/etc", "/proc", "/dev", "/usr")
    )
