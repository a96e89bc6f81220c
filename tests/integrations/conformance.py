"""What every integration is held to, whatever its trainer: one table of cases, and how to see what came of them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rw_hooks.errors import ArtifactChangedError
from rw_hooks.publish.handing import look
from rw_hooks.publish.holding import require_as_handed_over, source_of
from rw_hooks.publish.inbox import HandOver
from rw_hooks.redact import fingerprint
from tests.doubles.training import NO_WORKER

__all__ = ["CASES", "INTEGRATIONS", "Outcome", "missing_package", "train"]

ROOT = Path(__file__).parents[2]
TRAINERS = Path(__file__).with_name("trainers.py")
STAND_INS = ROOT / "tests" / "doubles" / "trainers"

INTEGRATIONS = (
    "plain", "transformers", "lightning", "accelerate", "diffusers", "musubi", "ai_toolkit", "diffsynth",
)  # fmt: skip
CASES = {
    "final_only": "only the last save is published, unasked",
    "rotation": "the trainer deletes each save when the next one is written",
    "look_alikes": "training states and half-written files lie beside the saves",
    "rank": "this process is rank 3 of 8",
    "exception": "the training fails after its second save",
    "sigterm": "the trainer is told to end after its second save",
    "sigint": "the trainer is interrupted after its second save",
    "exit": "the trainer ends without any clean-up after its second save",
    "read_only_state": "the state folder cannot be written",
    "another_file_system": "the state folder lies on another file system",
    "rewritten": "each save is rewritten in place right after its hand-over",
    "missing_key": "there is no key",
    "missing_package": "the trainer is not installed",
    "deleted": "each save is deleted right after its hand-over",
    "notebook": "there is no __main__ file",
    "workers": "the trainer forks and spawns workers",
}
FAULTS = {"exception": 1, "sigterm": -15, "sigint": -2, "exit": 5}
NOT_BEFORE_THE_END = {"ai_toolkit"}
"""Integrations that come after the trainer: when it fails, they do not come at all."""
_ENDPOINT = "http://127.0.0.1:9/v1"
_KEY = "conformance-key"


@dataclass(frozen=True)
class Outcome:
    """What a training left.

    Attributes:
        code: Its exit code.
        errors: Its standard error.
        truth: Epoch, path and sha256 of each save, as it was saved.
        due: What a worker would publish now.
        superseded: What it would not.
        undecided: What it would wait for: nothing, when the training is over.
    """

    code: int
    errors: str
    truth: list[tuple[int, str, str]]
    due: list[HandOver]
    superseded: list[HandOver]
    undecided: list[HandOver]

    @property
    def warnings(self) -> list[str]:
        """What rw-hooks said."""
        return [line for line in self.errors.splitlines() if line.startswith("rw-hooks")]

    def published(self) -> list[str]:
        """Return the sha256 of what is due, checked as a worker does."""
        for item in self.due:
            require_as_handed_over(item)
        return [hashlib.sha256(source_of(item).read_bytes()).hexdigest() for item in self.due]

    def changed(self) -> bool:
        """Whether a worker would find what is due rewritten."""
        try:
            self.published()
        except ArtifactChangedError:
            return True
        return False


def train(integration: str, case: str, folder: Path, home: Path) -> Outcome:
    """Train with an integration in a process of its own, and return what came of it."""
    folder.mkdir()
    command = [sys.executable, str(TRAINERS), integration, case, str(folder)]
    if case == "notebook":
        cell = (
            f"import sys; sys.argv = {command[1:]!r}; exec(compile(open({str(TRAINERS)!r}).read(), '<cell>', 'exec'))"
        )
        command = [sys.executable, "-c", cell]
    done = subprocess.run(
        command, env=_environ(case, home), cwd=folder, check=False, capture_output=True, text=True, timeout=60
    )
    known = folder / "truth.json"
    account = "" if case == "missing_key" else fingerprint(_KEY)
    found = look(home, _ENDPOINT, {account}).sorted
    truth = [tuple(entry) for entry in json.loads(known.read_text())] if known.exists() else []
    return Outcome(done.returncode, done.stderr, truth, found.due, found.superseded, found.undecided)


def missing_package(statement: str) -> str:
    """Run a statement where no trainer is installed, and return what it prints or how it fails."""
    code = f"try:\n    {statement}\nexcept ImportError as error:\n    print(error)\nelse:\n    print('imported')"
    environ = {**_environ("", Path("/nowhere")), "PYTHONPATH": _path(ROOT, ROOT / "integrations")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def _environ(case: str, home: Path) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "HOME") if name in os.environ}
    environ = {
        **keep,
        "PYTHONPATH": _path(ROOT, ROOT / "integrations", STAND_INS),
        "RW_HOOKS_HOME": str(home),
        "RW_HOOKS_WORKER_COMMAND": NO_WORKER,
        "RW_HOOKS_WAIT": "no",
        "RUNWARE_API_KEY": "" if case == "missing_key" else _KEY,
        "RUNWARE_API_URL": _ENDPOINT,
    }
    return {**environ, "RANK": "3", "WORLD_SIZE": "8"} if case == "rank" else environ


def _path(*places: Path) -> str:
    return os.pathsep.join(map(str, places))
