"""What every integration is held to, whatever its trainer: one table of cases, and how to see what came of them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rw_hooks.engines.agent.intake import look
from rw_hooks.errors import ArtifactChangedError
from rw_hooks.queue.inbox import QueueItem, waiting
from rw_hooks.queue.snapshot import require_as_handed_over, source_of
from rw_hooks.support.redact import fingerprint
from tests.doubles.saves import save
from tests.doubles.training import NO_WORKER

__all__ = ["CASES", "COMMANDS", "INTEGRATIONS", "Outcome", "missing_package", "train"]

ROOT = Path(__file__).parents[2]
TRAINERS = Path(__file__).with_name("trainers.py")
STAND_INS = ROOT / "tests" / "doubles" / "trainers"
RW_HOOKS = [
    sys.executable, "-c", "from rw_hooks.cli import main, watch; watch._LOOK_SECONDS = 0.1; main()"
]  # fmt: skip
"""The command line as it is, but for a watch that looks more often."""

INTEGRATIONS = (
    "plain", "transformers", "lightning", "accelerate", "diffusers", "musubi", "ai_toolkit", "diffsynth",
    "run", "watch",
)  # fmt: skip
COMMANDS = ("run", "watch")
"""These stand around or beside a trainer that knows nothing of them."""
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
TAKES_THE_SIGNAL = {("lightning", "sigterm"): 143, ("run", "sigterm"): 143, ("run", "sigint"): 130}
"""Lightning takes the signal and leaves by itself; ``run`` shows a trainer that a signal ended as a shell does."""
OWN_CODE = {
    ("run", "read_only_state"): 4,
    ("run", "missing_key"): 4,
    ("watch", "read_only_state"): 4,
    ("watch", "missing_key"): 4,
}
"""A trainer that ended well keeps its 0; of a command that could not publish the exit code says so."""
REFUSES = {"watch"}
"""A watch that could publish nothing says so and ends at once: there is no training in it that has to go on."""
DOES_NOT_SEE_THE_END = {"watch"}
"""To a watch a training that failed looks as one that rests: unasked it takes final files alone, so it is asked."""
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
    due: list[QueueItem]
    superseded: list[QueueItem]
    undecided: list[QueueItem]

    @property
    def warnings(self) -> list[str]:
        """What rw-hooks warned of."""
        said = ("rw-hooks", "warning: rw-hooks", "error:")
        return [line for line in self.errors.splitlines() if line.startswith(said)]

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
    training = _Training(integration, case, folder, home)
    code, errors = training.beside_watch() if integration == "watch" else training.alone()
    account = "" if case == "missing_key" else fingerprint(_KEY)
    found = look(home, _ENDPOINT, {account}).sorted
    return Outcome(code, errors, training.truth(), found.due, found.superseded, found.undecided)


@dataclass(frozen=True)
class _Training:
    """One training in a process of its own."""

    integration: str
    case: str
    folder: Path
    home: Path

    def alone(self) -> tuple[int, str]:
        """Train with a hook in the trainer or ``rw-hooks run`` around it."""
        around = [*RW_HOOKS, "run", "--"] if self.integration == "run" else []
        done = self._run([*around, *self._command()])
        if self.integration == "run":
            self._after_the_hand_over()
        return done.returncode, done.stderr

    def beside_watch(self) -> tuple[int, str]:
        """Train while ``rw-hooks watch`` looks on."""
        which = ["--which", "last:1"] if self.case in FAULTS else []
        watch = [*RW_HOOKS, "watch", str(self.folder), *which]
        with subprocess.Popen(watch, env=_environ(self.case, self.home), stderr=subprocess.PIPE, text=True) as observer:
            assert observer.stderr is not None
            said = observer.stderr.readline()
            code = self._run(self._command()).returncode
            if said.startswith("Watching"):
                self._wait_for_the_hand_over()
                self._after_the_hand_over()
                observer.send_signal(signal.SIGTERM)
            said += observer.stderr.read()
        return code or observer.returncode, said

    def truth(self) -> list[tuple[int, str, str]]:
        known = self.folder / "truth.json"
        return [tuple(entry) for entry in json.loads(known.read_text())] if known.exists() else []

    def _command(self) -> list[str]:
        trainer = "unhooked" if self.integration in COMMANDS else self.integration
        words = [str(TRAINERS), trainer, self.case, str(self.folder), "--output_dir", str(self.folder / "out")]
        if self.case != "notebook":
            return [sys.executable, *words]
        cell = f"import sys; sys.argv = {words!r}; exec(compile(open({str(TRAINERS)!r}).read(), '<cell>', 'exec'))"
        return [sys.executable, "-c", cell]

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environ = _environ(self.case, self.home)
        return subprocess.run(
            command, env=environ, cwd=self.folder, check=False, capture_output=True, text=True, timeout=60
        )

    def _wait_for_the_hand_over(self) -> None:
        until = time.monotonic() + 20
        last = self.truth()[-1][1]
        while time.monotonic() < until:
            if any(isinstance(item, QueueItem) and item.path == last for _, item in waiting(self.home)):
                return
            time.sleep(0.02)

    def _after_the_hand_over(self) -> None:
        """Do to the last save what the case is about; a trainer that no hook tells cannot know when."""
        last = Path(self.truth()[-1][1])
        if self.case == "deleted":
            last.unlink()
        if self.case == "rewritten":
            save(last, 100, data=100)


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
