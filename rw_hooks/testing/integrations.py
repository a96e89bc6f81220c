"""The test suite for integrations.

Make a subclass whose name begins with ``Test``, and give it a ``script``: a training with the calls of your trainer,
which uses a :class:`rw_hooks.testing.stage.Stage`. Each case runs the script in a separate process, without a worker
and without Runware, and checks what a worker would publish.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rw_hooks.engines.agent.intake import look
from rw_hooks.errors import ArtifactChangedError
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.queue.snapshot import require_as_handed_over, source_of
from rw_hooks.support.redact import fingerprint
from rw_hooks.testing.stage import CASES, FAULTS, OUTPUT, TRUTH

__all__ = ["CASES", "FAULTS", "IntegrationSuite", "Outcome", "TrainingRun", "missing_package"]

_ENDPOINT = "http://127.0.0.1:9/v1"
_KEY = "conformance-key"
_NO_WORKER = shutil.which("true") or f'"{sys.executable}" -S -c pass'
_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "HOME")
_SECONDS = 60.0
_OTHER_FILE_SYSTEM = Path("/dev/shm")  # noqa: S108 - it is asked whether it is there


@dataclass(frozen=True)
class Outcome:
    """The result of a training.

    Attributes:
        code: Its exit code.
        errors: Its standard error.
        truth: Epoch, path and sha256 of each save, at the time of the save.
        due: What a worker would publish now.
        superseded: What it would not publish.
        undecided: What it would keep until the end of the training; empty when the training is over.
    """

    code: int
    errors: str
    truth: list[tuple[int, str, str]]
    due: list[QueueItem]
    superseded: list[QueueItem]
    undecided: list[QueueItem]

    @property
    def warnings(self) -> list[str]:
        """The warnings of rw-hooks."""
        said = ("rw-hooks", "warning: rw-hooks", "error:")
        return [line for line in self.errors.splitlines() if line.startswith(said)]

    def published(self) -> list[str]:
        """Return the sha256 of each due file, checked as a worker does it."""
        for item in self.due:
            require_as_handed_over(item)
        return [hashlib.sha256(source_of(item).read_bytes()).hexdigest() for item in self.due]

    def changed(self) -> bool:
        """Whether a worker would find that the due file was rewritten."""
        try:
            self.published()
        except ArtifactChangedError:
            return True
        return False


@dataclass(frozen=True)
class TrainingRun:
    """One training.

    Attributes:
        case: One of :data:`CASES`.
        folder: The folder in which it runs.
        home: The state folder.
        command: The command that starts it.
        environ: Its environment.
    """

    case: str
    folder: Path
    home: Path
    command: list[str]
    environ: dict[str, str]

    def run(self, *before: str) -> tuple[int, str]:
        """Train to the end, with these words before the command, and return exit code and standard error."""
        done = subprocess.run(  # noqa: S603 - the training that is tried
            [*before, *self.command],
            env=self.environ,
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        return done.returncode, done.stderr

    def truth(self) -> list[tuple[int, str, str]]:
        """Return epoch, path and sha256 of each save so far."""
        known = self.folder / TRUTH
        return [tuple(entry) for entry in json.loads(known.read_text("utf-8"))] if known.exists() else []


class IntegrationSuite:
    """The tests.

    Attributes:
        script: The training, started as ``python SCRIPT CASE FOLDER``.
        exit_codes: The exit code by case, if the trainer's exit code is not the usual one.
        sees_the_end_alone: Whether the integration runs only after the training, and not at all if the training fails.
        ends_without_key: Whether it ends at once if there is no API key, and keeps nothing.
        needs: A statement that uses the integration, and the package of the trainer that the statement needs.
    """

    script: Path
    exit_codes: Mapping[str, int] = {}
    sees_the_end_alone = False
    ends_without_key = False
    needs: tuple[str, str] | None = None

    def arguments(self, case: str, folder: Path) -> list[str]:
        """Return the arguments of the script; a stage reads the last two."""
        return [case, str(folder)]

    def environment(self) -> Mapping[str, str]:
        """Return additional environment variables for the training."""
        return {}

    def conduct(self, training: TrainingRun) -> tuple[int, str]:
        """Run the training. An integration that is a command overrides this to run around or beside the training."""
        return training.run()

    def train(self, case: str, folder: Path, home: Path) -> Outcome:
        """Run the training, and return its result."""
        folder.mkdir()
        words = [str(self.script), *self.arguments(case, folder)]
        environ = {**_environ(case, home), **self.environment()}
        training = TrainingRun(case, folder, home, _python(words, notebook=case == "notebook"), environ)
        code, errors = self.conduct(training)
        if case == "folder_removed":
            shutil.rmtree(folder / OUTPUT, ignore_errors=True)
        account = "" if case == "missing_key" else fingerprint(_KEY)
        found = look(home, _ENDPOINT, {account}).sorted
        return Outcome(code, errors, training.truth(), found.due, found.superseded, found.undecided)

    @pytest.fixture
    def elsewhere(self) -> Iterator[Path]:
        """Yield a folder on another file system than the training's."""
        other = _OTHER_FILE_SYSTEM
        if not other.is_dir() or other.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
            pytest.skip("there is no second file system here")
        folder = Path(tempfile.mkdtemp(dir=other))
        yield folder
        shutil.rmtree(folder)

    @pytest.mark.parametrize(
        "case", ["final_only", "rotation", "look_alikes", "deleted", "folder_removed", "notebook", "workers"]
    )
    def test_the_last_save_and_no_other_is_published(self, tmp_path: Path, case: str) -> None:
        outcome = self._ends_well(case, tmp_path / "run", tmp_path / "home")
        assert outcome.published() == [outcome.truth[-1][2]]
        assert outcome.undecided == []
        assert {item.run for item in outcome.superseded} <= {outcome.due[0].run}
        saved = {path for _, path, _ in outcome.truth}
        assert {item.path for item in (*outcome.due, *outcome.superseded)} <= saved
        assert outcome.warnings == []

    def test_other_ranks_do_nothing(self, tmp_path: Path) -> None:
        outcome = self._ends_well("rank", tmp_path / "run", tmp_path / "home")
        assert not (tmp_path / "home" / "inbox").exists()
        assert outcome.warnings == []

    @pytest.mark.parametrize("case", FAULTS)
    def test_a_trainer_that_ends_badly_loses_nothing_and_ends_as_it_would(self, tmp_path: Path, case: str) -> None:
        outcome = self.train(case, tmp_path / "run", tmp_path / "home")
        assert outcome.code == self.exit_codes.get(case, FAULTS[case]), outcome.errors
        assert outcome.published() == ([] if self.sees_the_end_alone else [outcome.truth[-1][2]])
        assert outcome.undecided == []

    def test_an_unwritable_state_folder_is_one_warning(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        outcome = self._ends_well("read_only_state", tmp_path / "run", tmp_path / "file" / "home")
        assert len(outcome.warnings) == 1
        assert "RW_HOOKS_HOME" in outcome.errors

    def test_a_state_folder_on_another_file_system_does_as_well(self, tmp_path: Path, elsewhere: Path) -> None:
        outcome = self._ends_well("another_file_system", tmp_path / "run", elsewhere / "home")
        assert outcome.published() == [outcome.truth[-1][2]]

    def test_a_file_rewritten_in_place_is_not_mixed(self, tmp_path: Path) -> None:
        outcome = self._ends_well("rewritten", tmp_path / "run", tmp_path / "home")
        assert outcome.changed() or outcome.published() == [outcome.truth[-1][2]]

    def test_without_a_key_one_warning_and_the_save_is_kept(self, tmp_path: Path) -> None:
        outcome = self._ends_well("missing_key", tmp_path / "run", tmp_path / "home")
        assert outcome.published() == ([] if self.ends_without_key else [outcome.truth[-1][2]])
        assert len(outcome.warnings) == 1
        assert "RUNWARE_API_KEY" in outcome.errors

    def test_a_missing_package_is_said_when_it_is_used(self) -> None:
        if self.needs is None:
            pytest.skip("the attribute needs is not set: the integration needs no package of a trainer")
        statement, package = self.needs
        assert f"pip install {package}" in missing_package(statement, package, environ=self.environment())

    def _ends_well(self, case: str, folder: Path, home: Path) -> Outcome:
        outcome = self.train(case, folder, home)
        assert outcome.code == self.exit_codes.get(case, 0), outcome.errors
        return outcome


def missing_package(statement: str, *packages: str, environ: Mapping[str, str]) -> str:
    """Run a statement in a process that cannot import these packages, and return its output or its error."""
    lines = (
        f"import sys; sys.modules.update(dict.fromkeys({packages!r}))",
        f"try:\n    {statement}",
        "except ImportError as error:\n    print(error)",
        "else:\n    print('imported')",
    )
    given = {**_environ("", Path(os.devnull) / "home"), **environ}
    done = subprocess.run(  # noqa: S603 - the statement that is tried
        [sys.executable, "-c", "\n".join(lines)], env=given, check=True, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def _python(words: list[str], *, notebook: bool) -> list[str]:
    if not notebook:
        return [sys.executable, *words]
    cell = f"import sys; sys.argv = {words!r}; exec(compile(open({words[0]!r}).read(), '<cell>', 'exec'))"
    return [sys.executable, "-c", cell]


def _environ(case: str, home: Path) -> dict[str, str]:
    environ = {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "RW_HOOKS_HOME": str(home),
        "RW_HOOKS_WORKER_COMMAND": _NO_WORKER,
        "RW_HOOKS_WAIT": "no",
        "RUNWARE_API_KEY": "" if case == "missing_key" else _KEY,
        "RUNWARE_API_URL": _ENDPOINT,
    }
    return {**environ, "RANK": "3", "WORLD_SIZE": "8"} if case == "rank" else environ
