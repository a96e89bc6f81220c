"""What lies beside a training's results and looks like a model, but must not be published, whatever the trainer."""

from __future__ import annotations

import re
from pathlib import Path

from rw_hooks.integration.foreign import is_file

__all__ = ["refusal"]

_STATE_FOLDER = re.compile(r".*-state|global_step\d+|optimizer|accelerator.*", re.IGNORECASE)
_STATE_FILES = ("optimizer.bin", "optimizer.pt", "random_states_0.pkl")
_STATE_NAME = re.compile(r"(model|optimizer|pytorch_model)(_\d+)?(-\d{5}-of-\d{5})?")


def refusal(path: Path) -> str:
    """Return why a file must not be published, or an empty text.

    An accelerate state lies in a ``*-state`` folder or beside an optimizer, a pipeline's parts below
    ``model_index.json``.
    """
    folder = path.parent
    if _STATE_FOLDER.fullmatch(folder.name):
        return "a training state, for resuming"
    if _STATE_NAME.fullmatch(path.stem) and any(is_file(folder / name) for name in _STATE_FILES):
        return "a training state, for resuming"
    if any(is_file(place / "model_index.json") for place in (folder.parent, folder)):
        return "one part of a pipeline folder; convert the folder to a single file first"
    return ""
