"""Our integrations as rows of the suite that every integration is held to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rw_hooks.queue.inbox import QueueItem, waiting
from rw_hooks.testing.integrations import FAULTS, IntegrationSuite, TrainingRun
from rw_hooks.testing.stage import OUTPUT, save

__all__ = ["ROOT", "STAND_INS", "AroundSuite", "BesideSuite", "OurSuite"]

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests" / "doubles" / "trainers"
RW_HOOKS = [
    sys.executable, "-c", "from rw_hooks.cli import main, watch; watch._POLL_SECONDS = 0.1; main()"
]  # fmt: skip
"""The command line as it is, but for a watch that looks more often."""


class OurSuite(IntegrationSuite):
    """One of our integrations, with a stand-in for its trainer.

    Attributes:
        trainer: The function of ``trainers.py`` that trains.
    """

    script = ROOT / "tests" / "integrations" / "trainers.py"
    trainer = ""

    def arguments(self, case, folder):
        return [self.trainer, "--output_dir", str(folder / OUTPUT), case, str(folder)]

    def environment(self):
        return {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "integrations", STAND_INS)))}


class AroundSuite(OurSuite):
    """``rw-hooks run`` around a trainer that knows nothing of it."""

    trainer = "unhooked"

    def conduct(self, training):
        ended = training.run(*RW_HOOKS, "run", "--")
        harm(training)
        return ended


class BesideSuite(OurSuite):
    """``rw-hooks watch`` beside a trainer that knows nothing of it.

    To a watch a training that failed looks as one that rests: unasked it takes final files alone, so it is asked.
    """

    trainer = "unhooked"

    def conduct(self, training):
        which = ["--which", "last:1"] if training.case in FAULTS else []
        watch = [*RW_HOOKS, "watch", str(training.folder), *which]
        with subprocess.Popen(watch, env=training.environ, stderr=subprocess.PIPE, text=True) as observer:
            assert observer.stderr is not None
            said = observer.stderr.readline()
            code, _ = training.run()
            if said.startswith("Watching"):
                wait_for_the_hand_over(training)
                harm(training)
                observer.send_signal(signal.SIGTERM)
            said += observer.stderr.read()
        return code or observer.returncode, said


def harm(training: TrainingRun) -> None:
    """Do to the last save what the case is about; a trainer that no hook tells cannot know when."""
    last = Path(training.truth()[-1][1])
    if training.case == "deleted":
        last.unlink()
    if training.case == "rewritten":
        save(last, 100)


def wait_for_the_hand_over(training: TrainingRun) -> None:
    until, last = time.monotonic() + 20, training.truth()[-1][1]
    while time.monotonic() < until:
        if any(isinstance(item, QueueItem) and item.path == last for _, item in waiting(training.home)):
            return
        time.sleep(0.02)
