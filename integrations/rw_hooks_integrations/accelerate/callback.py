"""Publishing what an ``Accelerator`` saves, in a script of your own.

::

    from rw_hooks_integrations.accelerate import publish_on_save

    accelerator = Accelerator()
    publish_on_save(accelerator, trigger_words="sks dog")
    ...
    accelerator.save_state(folder)    # as before; accelerator.end_training() ends the run

``save_state`` itself writes a training state, which is not a model. Published are the LoRA that the script's own save
hook writes beside it (``pytorch_lora_weights.safetensors``, ``adapter_model.safetensors``), and what ``save_model``
writes. accelerate 1.x has no hook after a save (``register_save_state_pre_hook`` runs before it), so the methods of
this one object are wrapped.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Protocol

from rw_hooks.hook import PublishHook

__all__ = ["publish_on_save"]

_ADAPTERS = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
_STEP = re.compile(r"(?:checkpoint|step)[-_](\d+)")


class _Accelerator(Protocol):
    """The part of ``accelerate.Accelerator`` that is used here."""

    is_main_process: bool
    save_state: Any
    save_model: Any
    end_training: Any


def publish_on_save(accelerator: _Accelerator, **options: Any) -> PublishHook:
    """Publish what this accelerator saves from now on.

    Args:
        accelerator: The script's ``Accelerator``.
        options: As for :class:`rw_hooks.PublishHook`.

    Returns:
        The hook, for the final save: ``hook.on_save(path, final=True)``.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds.
    """
    hook = PublishHook(**options)
    save_state, save_model, end_training = accelerator.save_state, accelerator.save_model, accelerator.end_training

    @functools.wraps(save_state)
    def saving_state(*args: Any, **kwargs: Any) -> Any:
        folder = save_state(*args, **kwargs)
        if accelerator.is_main_process and folder is not None:
            adapters = [Path(folder) / name for name in _ADAPTERS if (Path(folder) / name).is_file()]
            for adapter in adapters[:1]:
                hook.on_save(adapter, step=_step(Path(folder)))
        return folder

    @functools.wraps(save_model)
    def saving_model(model: Any, save_directory: Any, *args: Any, **kwargs: Any) -> Any:
        result = save_model(model, save_directory, *args, **kwargs)
        if accelerator.is_main_process:
            hook.on_save(save_directory, step=_step(Path(save_directory)))
        return result

    @functools.wraps(end_training)
    def ending(*args: Any, **kwargs: Any) -> Any:
        if accelerator.is_main_process:
            hook.on_end()
        return end_training(*args, **kwargs)

    accelerator.save_state, accelerator.save_model, accelerator.end_training = saving_state, saving_model, ending
    return hook


def _step(folder: Path) -> int | None:
    match = _STEP.fullmatch(folder.name)
    return int(match[1]) if match else None
