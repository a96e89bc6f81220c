"""What a process does that a test lets die: one publish, one resume, one drain, with a trigger at a named point."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import TracebackException
from typing import Any, NoReturn

from rw_hooks.api.explain import explain
from rw_hooks.api.jobs import cancel, resume
from rw_hooks.api.publish import publish_all
from rw_hooks.config.settings import Settings, load
from rw_hooks.errors import RwHooksError
from rw_hooks.hosts import HostConfig
from rw_hooks.publication import services
from rw_hooks.publication.model import Publication
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.report import not_enrolled
from rw_hooks.runware import RunwareClient, Timings
from rw_hooks.support.failpoints import set_trigger
from tests.reliability import effects

FAST = Timings(
    connect=3, authenticate=3, backoff_first=0.02, backoff_most=0.3, fallback_after=2, answer=1.5, resume_silence=0.4,
    silence=1.5, search=0.1, poll=0.05, poll_most=0.3, rest_read=3, lookup=5,
)  # fmt: skip
STALL_SECONDS = 4.0
Command = dict[str, Any]


def prepare() -> None:
    """Let the real client wait less between its tries, and import what a publication imports on its way."""
    for module in ("engines.local.worker", "hosts.directory", "hosts.hub.host", "hosts.url"):
        import_module(f"rw_hooks.{module}")  # before any fork
    from rw_hooks.sandbox.adapter import make_adapter

    with TemporaryDirectory() as folder:
        file = Path(folder) / "warm.safetensors"
        make_adapter(file, 1, 1, lambda _step, _loss: None)
        list(explain([file], load({}, environ={"RW_HOOKS_HOME": folder}, directory=Path(folder))))
    services.RunwareClient = partial(RunwareClient, timings=FAST)  # type: ignore[misc, assignment]
    services.HostConfig = partial(HostConfig, stall_seconds=STALL_SECONDS)  # type: ignore[misc, assignment]


def _settings(command: Command) -> Settings:
    return load(command["options"], directory=Path(command["directory"]), as_flags=True)


def _publish(command: Command) -> list[Any]:
    _arm(command)
    files = [Path(name) for name in command["files"]]
    return _shown(publish_all(files, _settings(command), Silent()))


def _resume(command: Command) -> list[Any]:
    _arm(command)
    return _shown(resume(_settings(command), [], Silent()))


def _shown(publications: Iterable[Publication]) -> list[Any]:
    """Return what the command prints as JSON, one of our own errors included."""
    shown: list[Any] = []
    try:
        shown.extend(entry.as_json() for entry in publications)
    except RuntimeError as error:
        for line in TracebackException.from_exception(error, capture_locals=True).format():
            sys.stderr.write(line)
        sys.stderr.write("Locals:\n")
    except RwHooksError as error:
        shown.append(not_enrolled("", error).as_json())
    return shown


def _cancel(command: Command) -> list[Any]:
    _arm(command)
    return [cancel(_settings(command), command["name"]).as_json()]


def _drain(command: Command) -> list[Any]:
    from rw_hooks.engines.base import open_engine

    _arm(command)
    try:
        with open_engine(_settings(command)) as engine:
            return [engine.serve()]
    except RwHooksError as error:
        return [error.code]


def _train(command: Command) -> list[Any]:
    """Hand files over as a training does, and end."""
    from rw_hooks import PublishHook

    _arm(command)
    hook = PublishHook(**command["options"], worker_command=f"{sys.executable} -c pass")
    for number, name in enumerate(command["files"], 1):
        hook.on_save(name, step=number)
    hook.on_end(wait=False)
    return []


WORKS: dict[str, Callable[[Command], list[Any]]] = {
    "publish": _publish, "resume": _resume, "cancel": _cancel, "drain": _drain, "train": _train,
}  # fmt: skip


def _arm(command: Command) -> None:
    """Set what happens at the points that this process comes to."""
    if command.get("level"):
        logging.basicConfig(level=command["level"])
    if command.get("file_bytes"):
        effects.limit_files(command["file_bytes"])
    if command.get("effect"):
        effects.arm(command["effect"])
    if command.get("act"):
        set_trigger(partial(_act, command["point"], ACTS[command["act"]], Path(command["files"][0])))
    elif command.get("clock"):
        set_trigger(partial(_jump, command["point"], command["clock"]))
    elif command.get("until"):
        set_trigger(partial(_hold, command["point"], Path(command["until"])))
    elif command.get("blow"):
        set_trigger(partial(_blow, command["blow"]))
    elif command.get("trace"):
        set_trigger(_Tracer(Path(command["trace"])))
    elif command.get("point"):
        set_trigger(_Death(command["point"], command.get("count", 1), command.get("death", "kill")))


def _rewrite(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(-5000, os.SEEK_END)
        stream.write(bytes(range(250)) * 20)


def _replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes()[:-2] + b"\x11\x11")
    other.replace(file)


def _grow(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"more")


ACTS: dict[str, Callable[[Path], None]] = {
    "rewrite": _rewrite, "replace": _replace, "grow": _grow, "delete": Path.unlink,
    "truncate": lambda file: os.truncate(file, file.stat().st_size // 2),
}  # fmt: skip


def _act(point: str, act: Callable[[Path], None], file: Path, name: str) -> None:
    if name == point:
        set_trigger(None)
        act(file)


def _jump(point: str, seconds: float, name: str) -> None:
    """Set the wall clock of this process forth or back."""
    if name == point:
        set_trigger(None)
        real, real_ns = time.time, time.time_ns
        time.time = lambda: real() + seconds
        time.time_ns = lambda: real_ns() + int(seconds * 1e9)


def _hold(point: str, until: Path, name: str) -> None:
    """Say that the point is reached, and stand still there until there is such a file."""
    if name == point:
        until.with_suffix(".reached").touch()
        while not until.exists():
            time.sleep(0.01)


def _blow(point: str, name: str) -> None:
    if name == point:
        raise RuntimeError("blown up on purpose")


class _Tracer:
    """Writes down each point that is reached."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, name: str) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(name) + "\n")


class _Death:
    """Dies when the point is reached for the n-th time."""

    def __init__(self, point: str, count: int, death: str) -> None:
        self._point, self._count, self._death = point, count, death
        self._reached: Counter[str] = Counter()

    def __call__(self, name: str) -> None:
        self._reached[name] += 1
        if name == self._point and self._reached[name] == self._count:
            _die(self._death)


def _die(death: str) -> NoReturn:
    if death == "exit":
        os._exit(9)
    os.killpg(os.getpid(), signal.SIGKILL)
    signal.pause()  # the signal is on its way
    raise AssertionError
