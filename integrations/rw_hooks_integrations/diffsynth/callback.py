"""Publishing what DiffSynth-Studio saves, by a subclass of its ``ModelLogger``.

::

    from rw_hooks_integrations.diffsynth import RunwareLogger

    model_logger = RunwareLogger(args.output_path, remove_prefix_in_ckpt=args.remove_prefix_in_ckpt,
                                 runware={"trigger_words": "sks dog"})    # in place of ModelLogger(...)

DiffSynth has no special name for the result: it is the last file that it saved (2.1.2, ``diffusion/logger.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffsynth.diffusion.logger import ModelLogger

from rw_hooks.hook import PublishHook

__all__ = ["RunwareLogger"]

_NAME = re.compile(r"(epoch|step)-(\d+)\.safetensors")


class RunwareLogger(ModelLogger):
    """Saves as ``ModelLogger`` does, and publishes what it saved.

    Args:
        args: As for ``ModelLogger``.
        runware: Options of :class:`rw_hooks.PublishHook`.
        kwargs: As for ``ModelLogger``.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds.
    """

    def __init__(self, *args: Any, runware: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hook = PublishHook(**(runware or {}))

    def save_model(self, accelerator: Any, model: Any, file_name: str) -> None:
        """Save, then publish."""
        super().save_model(accelerator, model, file_name)
        if accelerator.is_main_process:
            match = _NAME.fullmatch(file_name)
            number = {match[1]: int(match[2])} if match else {}
            self._hook.on_save(Path(self.output_path) / file_name, step=number.get("step"), epoch=number.get("epoch"))

    def on_training_end(self, accelerator: Any, model: Any, save_steps: int | None = None) -> None:
        """Save the last weights, then say that the training is over."""
        super().on_training_end(accelerator, model, save_steps)
        if accelerator.is_main_process:
            self._hook.on_end()
