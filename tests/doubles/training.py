"""A training without a trainer: scripts that call hooks, and the worker's work done at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from rw_hooks.config.settings import load
from rw_hooks.engines.base import open_engine
from rw_hooks.engines.local import worker
from rw_hooks.queue.inbox import QueueItem, waiting
from rw_hooks.sandbox import Sandbox

__all__ = ["NO_WORKER", "Training"]

_ROOT = Path(__file__).parents[2]
NO_WORKER = shutil.which("true") or f'"{sys.executable}" -S -c pass'


@dataclass
class Training:
    """A folder to train in, a state folder, and a platform to publish to.

    Attributes:
        folder: Where the trainer writes.
        home: The state folder.
        sandbox: The platform, or None where nothing is published.
        options: Options in the environment.
    """

    folder: Path
    home: Path
    sandbox: Sandbox | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """What a trainer has in its environment; no worker is started unless one is asked for."""
        values = {
            "RW_HOOKS_HOME": str(self.home),
            "RUNWARE_API_KEY": "sandbox-key",
            "RUNWARE_API_URL": "http://127.0.0.1:9/v1",
            "RW_HOOKS_WAIT": "no",
            "RW_HOOKS_WORKER_COMMAND": NO_WORKER,
        }
        if self.sandbox is not None:
            values |= {
                "RUNWARE_API_KEY": self.sandbox.key,
                "RUNWARE_API_URL": self.sandbox.api_url,
                "RUNWARE_WS_URL": self.sandbox.ws_url,
                "RW_HOOKS_HOST": f"dir://{self.sandbox.folder}?url={self.sandbox.files_url}",
                "RW_HOOKS_ARCHITECTURE": "sd1x",
            }
        return {**values, **self.options}

    def command(self, script: str) -> tuple[list[str], dict[str, str]]:
        """Return what runs a Python script as a trainer would be, and its environment."""
        keep = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "HOME") if name in os.environ}
        path = os.pathsep.join((str(_ROOT), str(_ROOT / "integrations")))
        environ = {**keep, "PYTHONPATH": path, **self.environ}
        prelude = "import os, sys, signal, time; from pathlib import Path; from tests.doubles.saves import save\n"
        return [sys.executable, "-c", prelude + textwrap.dedent(script)], environ

    def run(self, script: str, *, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a Python script in the trainer's folder until it ends."""
        command, environ = self.command(script)
        return subprocess.run(
            command, env=environ, cwd=self.folder, timeout=timeout, check=False, capture_output=True, text=True
        )

    @contextmanager
    def running(self, script: str) -> Iterator[subprocess.Popen[str]]:
        """Run a Python script that says ``saved`` on its output, and go on when it has; it is killed at the end."""
        command, environ = self.command(script)
        process = subprocess.Popen(
            command, env=environ, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "saved"
            yield process
        finally:
            process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            process.communicate()

    def handed(self) -> list[QueueItem]:
        """Return what lies in the inbox."""
        return [item for _, item in waiting(self.home) if isinstance(item, QueueItem)]

    def drain(self) -> None:
        """Do the worker's work in this process."""
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(worker, "_LINGER_SECONDS", 0.0))
            stack.enter_context(mock.patch.multiple(worker, _POLL_SECONDS=0.02, _REST_SECONDS=0.02))
            engine = stack.enter_context(open_engine(load(environ=self.environ, directory=self.folder)))
            assert engine.serve()

    def published(self) -> set[str]:
        """Return the sha256 of what is ready at the platform."""
        assert self.sandbox is not None
        return {str(model.sha256) for model in self.sandbox.world.models.values() if model.status == "ready"}
