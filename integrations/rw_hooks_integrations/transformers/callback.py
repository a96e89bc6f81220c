"""A callback for the ``transformers`` Trainer, and those built on it (TRL, PEFT scripts).

::

    from rw_hooks_integrations.transformers import RunwareCallback

    trainer = Trainer(..., callbacks=[RunwareCallback(trigger_words="sks dog")])
    trainer.train()

``on_save`` is called when ``checkpoint-N/`` is complete, and ``on_train_end`` before your own ``trainer.save_model()``.
So the result is the newest checkpoint, or the best one with ``load_best_model_at_end`` (transformers 5.23,
``trainer.py``). To publish what ``save_model`` writes instead, set ``save_strategy="no"`` and call
``callback.publish(folder)`` after it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rw_hooks.hook import PublishHook
from rw_hooks.hook.jsonable import number_or_none

__all__ = ["RunwareCallback"]


class RunwareCallback(TrainerCallback):
    """Publishes what a Trainer saves.

    Args:
        options: As for :class:`rw_hooks.PublishHook`. ``which="best"`` goes by ``metric_for_best_model``.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds.
    """

    def __init__(self, **options: Any) -> None:
        self._hook = PublishHook(**options)

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Publish the adapter or model of the checkpoint that was just written."""
        del control, kwargs
        if state.is_world_process_zero:
            folder = Path(args.output_dir or ".") / f"checkpoint-{state.global_step}"
            self._hook.on_save(folder, step=state.global_step, metric=_metric(args, state))

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Say that the training is over; what ``load_best_model_at_end`` loads is its result."""
        del control, kwargs
        if not state.is_world_process_zero:
            return
        if args.load_best_model_at_end and state.best_model_checkpoint:
            self._hook.on_save(state.best_model_checkpoint, final=True)
        self._hook.on_end()

    def publish(self, path: str | os.PathLike[str]) -> None:
        """Publish what was saved after the training, such as by ``trainer.save_model(path)``."""
        self._hook.on_save(path, final=True)
        self._hook.on_end()


def _metric(args: TrainingArguments, state: TrainerState) -> float | None:
    """Return this step's value of the metric that chooses the best model, its sign turned where lower is better."""
    name = args.metric_for_best_model
    if not name:
        return None
    names = (name, f"eval_{name}")
    entries = [entry for entry in state.log_history if entry.get("step") == state.global_step]
    found = next((entry[key] for entry in reversed(entries) for key in names if key in entry), None)
    value = number_or_none(float, found)
    return value if value is None or args.greater_is_better else -value
