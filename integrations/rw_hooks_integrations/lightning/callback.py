"""A callback for Lightning, whose own checkpoints are pickles: you say how your model becomes tensors by name.

::

    from rw_hooks_integrations.lightning import RunwareCallback

    def export(module):
        return {f"transformer.{name}": tensor for name, tensor in get_peft_model_state_dict(module.transformer).items()}

    trainer = Trainer(..., callbacks=[RunwareCallback(export, trigger_words="sks dog")])

The weights are exported when ``fit`` has ended (Lightning 2.6: ``ModelCheckpoint`` comes last in ``on_train_end``, so
``on_fit_end`` is the first moment at which its best and last files are known), after each epoch where ``which`` asks
for more than the result, and when the training fails.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from rw_hooks.hook import PublishHook

__all__ = ["RunwareCallback"]

_LOG = logging.getLogger("rw_hooks.hook")
_ASYNC_SECONDS = 60.0

Export = Callable[[Any], Mapping[str, Any]]
"""Takes the LightningModule and returns its tensors by the names that they shall have in the file."""


class RunwareCallback(Callback):
    """Publishes the weights of a LightningModule.

    Args:
        export: Takes the module and returns its tensors by name; it runs only on rank 0, so it must not gather.
        folder: The folder for the ``.safetensors`` files, under names that are free there; None for
            ``default_root_dir``.
        best: Whether to export the best checkpoint of ``ModelCheckpoint`` instead of the last weights.
        options: As for :class:`rw_hooks.PublishHook`; ``name`` names the file too.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds.
    """

    def __init__(self, export: Export, *, folder: str | Path | None = None, best: bool = False, **options: Any) -> None:
        self._hook = PublishHook(**options)
        self._export = export
        self._folder = folder
        self._best = best
        self._name = str(options.get("name") or "model").replace("/", "-")
        self._exported_at = -1
        self._written: set[Path] = set()
        self._each_epoch = options.get("which", "final") not in {"final", "best"}

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Export the epoch's weights where more than the result is wanted."""
        if self._each_epoch and trainer.is_global_zero:
            self._hand_over(trainer, pl_module, f"{self._name}-epoch-{trainer.current_epoch}", final=False)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Export the result."""
        if not trainer.is_global_zero:
            return
        if not self._best:
            self._hand_over(trainer, pl_module, self._name, final=True)
        else:
            self._hand_over_best(trainer, pl_module)
        self._hook.on_end()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Export what there is when the training fails or is interrupted."""
        if trainer.is_global_zero:
            if self._exported_at != trainer.global_step:
                self._hand_over(trainer, pl_module, f"{self._name}-step-{trainer.global_step}", final=False)
            self._hook.on_error(exception)

    def _hand_over_best(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Export the best checkpoint's weights, and leave the module as it was; without such a checkpoint, the last."""
        last: Mapping[str, Any] = {}
        try:
            best = _best_checkpoint(trainer)
            if best is not None:
                weights = trainer.strategy.load_checkpoint(best)["state_dict"]
                last = {name: tensor.detach().clone() for name, tensor in pl_module.state_dict().items()}
                pl_module.load_state_dict(weights)
        except Exception as error:  # noqa: BLE001 - a strategy or a module may raise anything: the training must not end
            _LOG.warning("rw-hooks: the result is not exported: the best checkpoint cannot be loaded: %s", error)
        else:
            self._hand_over(trainer, pl_module, self._name, final=True)
        finally:
            if last:
                pl_module.load_state_dict(last)

    def _hand_over(self, trainer: Trainer, pl_module: LightningModule, name: str, *, final: bool) -> None:
        try:
            from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType] # needs torch

            folder = Path(self._folder or trainer.default_root_dir)
            folder.mkdir(parents=True, exist_ok=True)
            path = self._own(folder, name)
            tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in self._export(pl_module).items()}
            save_file(tensors, path, metadata={"format": "pt"})
        except Exception as error:  # noqa: BLE001 - the user's export may raise anything, and must not end the training
            _LOG.warning("rw-hooks: the export failed: %s: %s", type(error).__name__, error)
            return
        self._exported_at = trainer.global_step
        self._hook.on_save(path, step=trainer.global_step, epoch=trainer.current_epoch, final=final)

    def _own(self, folder: Path, name: str) -> Path:
        """Return a file of this name that is free or of this training: the folder may hold somebody's ``model``."""
        numbered = (name, *(f"{name}-{number}" for number in range(2, 10_000)))
        paths = (folder / f"{each}.safetensors" for each in numbered)
        path = next(path for path in paths if path in self._written or not path.exists())
        self._written.add(path)
        return path


def _best_checkpoint(trainer: Trainer) -> str | None:
    """Return the best checkpoint's path if its file is complete; an asynchronous writer may still be writing it."""
    path = getattr(trainer.checkpoint_callback, "best_model_path", "")
    until, size = time.monotonic() + _ASYNC_SECONDS, -1
    while path and time.monotonic() < until:
        now = Path(path).stat().st_size if Path(path).is_file() else -1
        if now >= 0 and now == size:
            return str(path)
        size = now
        time.sleep(0.2)
    return None
