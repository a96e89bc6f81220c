"""One world for one case: a file, a platform, a host, a state folder; and processes that publish into it and die.

The check is the same for every fault: the bytes were uploaded once, committed once, registered once under the right
body, the journal is closed, and nothing is left lying or running.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.sandbox.adapter import TRIGGER_WORDS, make_adapter
from tests.doubles.hub import HubDouble
from tests.reliability.figures import LostError, TwiceError, require

__all__ = ["HOSTS", "Ended", "HostName", "World", "open_world", "trained", "zygote"]

HostName = Literal["hub-public", "hub-private", "dir", "url"]
HOSTS: tuple[HostName, ...] = ("hub-public", "hub-private", "dir", "url")
AIR = "sandbox:4217@1"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a process ended: the signal that killed it or 0, its exit code, its outcome, and who outlived it."""

    signal: int
    code: int | None
    late: bool
    orphans: list[str]
    outcome: list[dict[str, Any]] | None
    said: str


class Zygote:
    """The process that gives birth to processes that die; one for each test process, version and preloaded library.

    Args:
        source: Where the package lies.
        preload: A library that stands between the processes and libc, or empty.
    """

    def __init__(self, source: Path, preload: str) -> None:
        self._lock = threading.Lock()
        path = os.pathsep.join(map(str, (source, ROOT, ROOT / "integrations")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=source, text=True, env={**os.environ, "PYTHONPATH": path, "LD_PRELOAD": preload},
        )  # fmt: skip

    def ask(self, **command: Any) -> dict[str, Any]:
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@cache
def zygote(source: Path = ROOT, preload: str = "") -> Zygote:
    """Return this test process's zygote, started when first asked for."""
    started = Zygote(source, preload)
    atexit.register(started.close)
    return started


@cache
def trained() -> bytes:
    """Return the bytes of a small LoRA, trained once for each test process."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder) / "sketch.safetensors"
        make_adapter(file, 7, 3, lambda _step, _loss: None)
        return file.read_bytes()


class World:
    """Everything that one publication touches."""

    def __init__(self, folder: Path, host: HostName, sandbox: Sandbox, hub: HubDouble | None) -> None:
        self.folder = folder
        self.host = host
        self.sandbox = sandbox
        self.hub = hub
        self.uploads_most = 1
        self.zygote: Callable[[], Zygote] = zygote
        self.receipt_required = True
        self.home = folder / "home"
        self.file = folder / "run" / "sketch.safetensors"
        self.file.parent.mkdir(parents=True)
        self.file.write_bytes(trained())
        self.sha256 = hashlib.sha256(trained()).hexdigest()
        if host == "url":
            shutil.copyfile(self.file, sandbox.folder / self.file.name)
        self.options: dict[str, Any] = {"air": AIR, "host": self._host_url(), "timeout": 30}
        self.environ = {
            "RUNWARE_API_KEY": sandbox.key,
            "RUNWARE_API_URL": sandbox.api_url,
            "RUNWARE_WS_URL": sandbox.ws_url,
            "RW_HOOKS_HOME": str(self.home),
            "HF_HOME": str(folder / "huggingface"),
            "PATH": os.environ["PATH"],
            "SSL_CERT_FILE": str(
                ROOT / "tests" / "data" / "tls" / "localhost.pem"
            ),  # reading all of the machine's takes long
        }
        if hub is not None:
            self.environ |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token}

    def _host_url(self) -> str:
        if self.host == "dir":
            return self.sandbox.host_url
        if self.host == "url":
            return f"{self.sandbox.files_url}{self.file.name}"
        assert self.hub is not None
        return f"hf://{self.hub.user}/toys" + ("?public=1" if self.host == "hub-public" else "")

    # -- processes

    def begin(self, work: str, **more: Any) -> Begun:
        """Start a process."""
        name = uuid.uuid4().hex[:8]
        outcome, said = self.folder / f"{name}.json", self.folder / f"{name}.log"
        command = {
            "do": "start", "work": work, "environ": self.environ, "options": self.options, "files": [str(self.file)],
            "directory": str(self.folder), "outcome": str(outcome), "said": str(said), **more,
        }  # fmt: skip
        born_by = self.zygote()
        return Begun(born_by.ask(**command)["pid"], outcome, said, born_by)

    def run(self, work: str, seconds: float = 45.0, **more: Any) -> Ended:
        """Run a process to its end."""
        return self.begin(work, **more).end(seconds)

    # -- what is there

    def uploads(self) -> list[Mapping[str, object]]:
        """Return the requests that Runware got."""
        return [task for task in self.sandbox.world.requests if task["taskType"] == "modelUpload"]

    def journal(self) -> list[Any]:
        with SqliteStore(self.home) as store:
            return store.rows()

    def require_ready(self) -> None:
        """Hold the world to the promise: everything once, nothing left."""
        rows = self.journal()
        ready = [(row.status, row.air, row.error) for row in rows] == [("ready", AIR, None)]
        require(ready, LostError, f"the journal: {rows}")
        self.require_once()
        with SqliteStore(self.home) as store:
            assert store.submission(rows[0].id) is None
            assert store.secrets(rows[0].id) == {}
        receipt = self.file.with_name(self.file.name + ".rw.json")
        if self.receipt_required or receipt.exists():
            told = json.loads(receipt.read_text())["airs"][AIR]["sha256"]
            require(told == self.sha256, LostError, "the receipt is of another file")
        self.require_tidy()

    def require_once(self) -> None:
        """One upload of the bytes, one commit, one registration with the right body."""
        world = self.sandbox.world
        require((AIR, self.sha256) in world.registrations, LostError, f"registered: {dict(world.registrations)}")
        require(dict(world.registrations) == {(AIR, self.sha256): 1}, TwiceError, f"{dict(world.registrations)}")
        fetched = [entry for entry in world.downloads if not entry.problem]
        require(len(fetched) == 1, TwiceError, f"downloads: {world.downloads}")
        bodies = {json.dumps(_body(task), sort_keys=True) for task in self.uploads()}
        require(len(bodies) == 1, TwiceError, f"requests differ: {bodies}")
        model = world.models[AIR]
        fields = model.fields
        assert (model.status, model.sha256, fields["uniqueIdentifier"]) == ("ready", self.sha256, self.sha256)
        assert (fields["category"], fields["architecture"]) == ("lora", "sd1x")
        assert fields["positiveTriggerWords"] == TRIGGER_WORDS
        self._require_hosted_once()

    def _require_hosted_once(self) -> None:
        if self.hub is None:
            [hosted] = self.sandbox.folder.iterdir()
            assert hosted.name in {self.file.name, f"{self.file.stem}-{self.sha256[:8]}.safetensors"}
            assert hashlib.sha256(hosted.read_bytes()).hexdigest() == self.sha256
            return
        counts = {name: self.hub.counts[name] for name in ("creations", "commits", "uploads")}
        require((counts["creations"], counts["commits"]) == (1, 1), TwiceError, f"the Hub: {counts}")
        require(1 <= counts["uploads"] <= self.uploads_most, TwiceError, f"the Hub: {counts}")
        assert list(self.hub.objects) == [self.sha256]

    def age(self) -> None:
        """Let an hour and a half pass for whatever was being written, and for what is over."""
        past = time.time() - 5400
        if (self.home / "journal.sqlite3").exists():
            with (
                closing(sqlite3.connect(self.home / "journal.sqlite3", isolation_level=None)) as database,
                suppress(sqlite3.OperationalError),  # a journal that was never finished has no table yet
            ):
                database.execute("UPDATE publications SET updated_at = '2000-01-01T00:00:00.000+00:00'")
        for path in self.folder.rglob(".*"):
            if path.is_file():
                os.utime(path, (past, past))

    def require_tidy(self) -> None:
        """Nothing waits, nothing is kept, nothing half-written lies about."""
        left = [path.relative_to(self.folder) for path in self.folder.rglob("*") if _is_leftover(path)]
        assert left == [], left
        for folder in ("spool", "inbox", "taken"):
            assert not (self.home / folder).exists() or list((self.home / folder).iterdir()) == [], folder


@dataclass(frozen=True)
class Begun:
    """A process under way."""

    pid: int
    outcome: Path
    said: Path
    zygote: Zygote

    def kill(self) -> None:
        """Kill it and all that is in its process group; it is no fault when it has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def end(self, seconds: float = 45.0) -> Ended:
        answer = self.zygote.ask(do="wait", pid=self.pid, seconds=seconds)
        told = self.outcome.read_text() if self.outcome.exists() else ""
        outcome = json.loads(told) if told and not answer["signal"] else None  # it may be killed while it tells
        said = self.said.read_text(errors="replace") if self.said.exists() else ""
        return Ended(**answer, outcome=outcome, said=said)


def _body(task: Mapping[str, object]) -> dict[str, object]:
    """Return what describes the model: a signed URL may be minted anew, and a task has a name of its own."""
    changing = {"taskUUID", "downloadURL"}
    return {name: value for name, value in task.items() if name not in changing}


def _is_leftover(path: Path) -> bool:
    """Whether this is a link, a copy, or something that was being written."""
    name = path.name
    return name == ".rw-hooks" or name.endswith((".tmp", ".partial", ".link", ".copy")) or name.startswith(".rw-hooks-")


@contextmanager
def open_world(folder: Path, host: HostName, **behaviour: Any) -> Iterator[World]:
    """Yield a world with a fresh platform and host."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(folder / "served", settings=SandboxSettings(**behaviour)))
        hub = stack.enter_context(HubDouble()) if host.startswith("hub") else None
        yield World(folder, host, sandbox, hub)
