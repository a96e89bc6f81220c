"""The stage for a test training: it writes the saves, and causes the fault of the test case.

Standard library only: the training may run where pytest is not. A script that trains with an integration is as short as
this, and is started as ``python SCRIPT CASE FOLDER``::

    def train(stage):
        callback = MyCallback()
        for epoch in stage.epochs:
            path = stage.write(stage.output / f"toy-{epoch}.safetensors", epoch)
            callback.after_save(path)
            stage.saved(epoch)
        callback.after_training()

    if __name__ == "__main__":  # a worker that is spawned imports this file
        train(Stage.from_arguments())
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import struct
import sys
import time
from pathlib import Path

__all__ = ["CASES", "FAULTS", "HARMS", "OUTPUT", "TRUTH", "Stage", "save"]

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
    "rewritten": "each save is rewritten in place right after it was handed to the hook",
    "missing_key": "there is no key",
    "missing_package": "the trainer is not installed",
    "deleted": "each save is deleted right after it was handed to the hook",
    "folder_removed": "the folder of each save is removed right after it was handed to the hook",
    "notebook": "there is no __main__ file",
    "workers": "the trainer forks and spawns workers",
}
FAULTS = {"exception": 1, "sigterm": -15, "sigint": -2, "exit": 5}
"""The ways in which a training fails, and the exit code of each."""
HARMS = frozenset({"deleted", "folder_removed", "rewritten"})
"""Cases in which something happens to a save right after it was given to the hook."""
TRUTH = "truth.json"
OUTPUT = "out"

_EPOCHS = 3
_FAULT_AT = 2
_EXIT = 5
_VALUES = 768


class Stage:
    """The stage of one training.

    Args:
        case: One of :data:`CASES`.
        folder: The folder in which the training runs.

    Attributes:
        main: Whether this process is rank 0, the one that saves.
        paths: The paths of the saves.
    """

    def __init__(self, case: str, folder: Path) -> None:
        self.case = case
        self.folder = folder
        self.main = int(os.environ.get("RANK", "0")) == 0
        self.paths: list[Path] = []
        self._truth: list[tuple[int, str, str]] = []

    @classmethod
    def from_arguments(cls) -> Stage:
        """Return the stage for the last two arguments of this process."""
        return cls(sys.argv[-2], Path(sys.argv[-1]))

    @property
    def epochs(self) -> range:
        """The epochs to train."""
        return range(1, _EPOCHS + 1)

    @property
    def output(self) -> Path:
        """The folder to save into."""
        return self.folder / OUTPUT

    def write(self, path: Path, epoch: int) -> Path:
        """Save as a trainer does, together with the files beside a save that are not models."""
        if self.case == "rotation" and self.paths:
            self.paths[-1].unlink()
        if self.main:
            save(path, epoch)
        if self.case == "look_alikes":
            save(path.parent / "toy-state" / "model.safetensors", 1000 + epoch)
            (path.parent / "optimizer.bin").write_bytes(b"no model")
            save(path.parent / ".tmpQwErTy", 2000 + epoch)
        self.paths.append(path)
        if self.main:
            self._truth.append((epoch, str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
            (self.folder / TRUTH).write_text(json.dumps(self._truth), encoding="utf-8")
        return path

    def saved(self, epoch: int) -> None:
        """Cause the fault of the case, after the trainer has told the integration about its newest save."""
        path = self.paths[-1]
        if self.case == "deleted":
            path.unlink()
        if self.case == "folder_removed":
            shutil.rmtree(path.parent)
        if self.case == "rewritten":
            save(path, 100 + epoch)
        if self.case == "workers" and epoch == 1:
            _start_workers()
        if epoch == _FAULT_AT:
            self._fail()

    def _fail(self) -> None:
        if self.case == "exception":
            raise RuntimeError("the training failed")
        if self.case in {"sigterm", "sigint"}:
            os.kill(os.getpid(), signal.SIGTERM if self.case == "sigterm" else signal.SIGINT)
            time.sleep(20)
        if self.case == "exit":
            os._exit(_EXIT)


def save(path: Path, number: int) -> Path:
    """Write a small valid file under its final name; different numbers give different metadata and tensors."""
    chance = random.Random(number)
    values = struct.pack(f"<{_VALUES}e", *(chance.uniform(-0.05, 0.05) for _ in range(_VALUES)))
    metadata = {"modelspec.architecture": "stable-diffusion-v1/textual-inversion", "save": str(number)}
    tensor = {"dtype": "F16", "shape": [1, _VALUES], "data_offsets": [0, len(values)]}
    text = json.dumps({"__metadata__": metadata, "emb_params": tensor}).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + values)
    return path


def _start_workers() -> None:
    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0,))
    process.start()
    process.join()
