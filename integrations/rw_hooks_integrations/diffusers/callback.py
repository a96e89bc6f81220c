"""Publishing what the diffusers example scripts save, at the save rather than after the last inference.

::

    from rw_hooks_integrations.diffusers import publish_on_save

    publish_on_save(trigger_words="sks dog")    # before the training; the rest of the script stays as it is

``save_lora_weights`` of every pipeline calls ``LoraBaseMixin.write_lora_layers`` (diffusers 0.30 to 0.42,
``loaders/lora_base.py``), which is wrapped. After the last save the scripts load the whole pipeline and make images. If
they run out of memory there (diffusers #10829), the weights are published anyway.
"""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path
from typing import Any

from rw_hooks.hook import PublishHook

__all__ = ["publish_on_save"]

_DEFAULT_NAME = "pytorch_lora_weights.safetensors"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


def publish_on_save(**options: Any) -> PublishHook:
    """Publish every LoRA that a diffusers pipeline saves from now on; one outside ``checkpoint-N`` is final.

    Args:
        options: As for :class:`rw_hooks.PublishHook`.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds.
        ImportError: diffusers is not installed.
    """
    try:
        from diffusers.loaders.lora_base import LoraBaseMixin
    except ImportError:
        raise ImportError("publish_on_save needs diffusers: pip install diffusers") from None
    hook = PublishHook(**options)
    write = LoraBaseMixin.write_lora_layers
    signature = inspect.signature(write)

    @functools.wraps(write)
    def writing(*args: Any, **kwargs: Any) -> Any:
        result = write(*args, **kwargs)
        given = signature.bind(*args, **kwargs).arguments
        if given.get("is_main_process", True):
            folder = Path(given["save_directory"])
            checkpoint = _CHECKPOINT.fullmatch(folder.name)
            step = int(checkpoint[1]) if checkpoint else None
            hook.on_save(folder / (given.get("weight_name") or _DEFAULT_NAME), step=step, final=checkpoint is None)
        return result

    LoraBaseMixin.write_lora_layers = staticmethod(writing)
    return hook
