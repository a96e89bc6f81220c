"""Small trainings, each with the calls of its trainer in their order, and a fault where a case wants one.

Run as ``python trainers.py NAME CASE FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

from rw_hooks.testing.stage import HARMS, Stage, save

EPOCHS = 3


def plain(stage: Stage) -> None:
    import rw_hooks

    with rw_hooks.publishing(stage.output / "toy.safetensors") as hook:
        for epoch in range(1, EPOCHS + 1):
            stage.write(stage.output / f"toy-{epoch}.safetensors", epoch)
            hook.on_save(stage.paths[-1], epoch=epoch)
            stage.saved(epoch)
        stage.write(stage.output / "toy.safetensors", EPOCHS + 1)


def transformers(stage: Stage) -> None:
    from rw_hooks_integrations.transformers import RunwareCallback

    callback = RunwareCallback()
    args = SimpleNamespace(
        output_dir=str(stage.output), load_best_model_at_end=False, metric_for_best_model=None, greater_is_better=None
    )
    state = SimpleNamespace(global_step=0, is_world_process_zero=stage.main, best_model_checkpoint=None, log_history=[])
    for epoch in range(1, EPOCHS + 1):
        stage.write(stage.output / f"checkpoint-{epoch}" / "adapter_model.safetensors", epoch)
        state.global_step = epoch
        callback.on_save(args, state, None)
        stage.saved(epoch)
    callback.on_train_end(args, state, None)


def lightning(stage: Stage) -> None:
    tensors = ModuleType("safetensors.torch")
    tensors.save_file = lambda _tensors, path, **_metadata: stage.write(path, epoch_of[0])
    sys.modules["safetensors.torch"] = tensors
    epoch_of = [0]

    from lightning.pytorch import LightningModule, Trainer

    from rw_hooks_integrations.lightning import RunwareCallback

    class Module(LightningModule):
        def training_epoch(self, epoch: int) -> None:
            epoch_of[0] = epoch

        def after_epoch(self, epoch: int) -> None:
            if stage.paths:
                stage.saved(epoch)

    options = {} if stage.case == "final_only" else {"which": "last:1"}
    callback = RunwareCallback(lambda _module: {}, **options)
    root = stage.output
    Trainer(callbacks=[callback], max_epochs=EPOCHS, default_root_dir=root, is_global_zero=stage.main).fit(Module())
    if stage.main and stage.case in HARMS:
        stage.saved(EPOCHS)


class Accelerator:
    """Its calls, as in accelerate 1.15; ``save_state`` runs the script's hook before it writes the state."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.is_main_process = stage.main

    def save(self, _state: object, path: Path) -> None:
        self.stage.write(path, len(self.stage.paths) + 1)

    def save_state(self, folder: str) -> str:
        if self.is_main_process:
            self.save(None, Path(folder) / "pytorch_lora_weights.safetensors")
            save(Path(folder) / "model.safetensors", 3000)
        return folder

    def save_model(self, _model: object, folder: str) -> None:
        self.save(None, Path(folder) / "model.safetensors")

    def end_training(self) -> None: ...


def accelerate(stage: Stage) -> None:
    from rw_hooks_integrations.accelerate import publish_on_save

    accelerator = Accelerator(stage)
    publish_on_save(accelerator)
    for epoch in range(1, EPOCHS + 1):
        accelerator.save_state(str(stage.output / f"checkpoint-{epoch}"))
        if stage.main:
            stage.saved(epoch)
    accelerator.end_training()


def diffusers(stage: Stage) -> None:
    from rw_hooks_integrations.diffusers import publish_on_save

    publish_on_save()
    from diffusers.loaders.lora_base import LoraBaseMixin

    for epoch in range(1, EPOCHS + 2):
        folder = stage.output if epoch > EPOCHS else stage.output / f"checkpoint-{epoch}"
        LoraBaseMixin.write_lora_layers(
            {}, folder, stage.main, None, lambda _state, path, epoch=epoch: stage.write(path, epoch), True
        )
        stage.saved(epoch)


def musubi(stage: Stage) -> None:
    from rw_hooks_integrations.musubi import with_publishing

    class NetworkTrainer:
        def on_post_save(self, *_arguments: object) -> None: ...

        def train(self) -> None:
            for epoch in range(1, EPOCHS + 2):
                name = "toy.safetensors" if epoch > EPOCHS else f"toy-{epoch:06d}.safetensors"
                if stage.main:
                    stage.write(stage.output / name, epoch)
                    args = SimpleNamespace(output_dir=str(stage.output))
                    self.on_post_save(args, None, None, None, name, None, {}, epoch > EPOCHS)
                    stage.saved(epoch)

    with_publishing(NetworkTrainer)().train()


def ai_toolkit(stage: Stage) -> None:
    from rw_hooks_integrations.ai_toolkit.rw_publish import AI_TOOLKIT_EXTENSIONS

    config = {"training_folder": str(stage.output)}
    job = SimpleNamespace(name="toy", config={"process": [config, {"type": "rw_publish"}]})
    process = AI_TOOLKIT_EXTENSIONS[0].get_process()(1, job, {"type": "rw_publish"})
    for epoch in range(1, EPOCHS + 2):
        name = "toy.safetensors" if epoch > EPOCHS else f"toy_{epoch:09d}.safetensors"
        stage.write(stage.output / "toy" / name, epoch)
        if epoch <= EPOCHS and stage.case not in HARMS:
            stage.saved(epoch)
    process.run()
    stage.saved(EPOCHS + 1)


def diffsynth(stage: Stage) -> None:
    from rw_hooks_integrations.diffsynth import RunwareLogger

    logger = RunwareLogger(str(stage.output), runware={})
    accelerator = Accelerator(stage)
    for epoch in range(EPOCHS):
        logger.on_epoch_end(accelerator, None, epoch)
        if stage.main:
            stage.saved(epoch + 1)
    logger.on_training_end(accelerator, None)


def unhooked(stage: Stage) -> None:
    """As sd-scripts saves. It is rank 0's folder, and rank 0 saves into it, whichever rank looks on."""
    stage.main = True
    for epoch in range(1, EPOCHS + 1):
        stage.write(stage.output / f"toy-{epoch:06d}.safetensors", epoch)
        stage.saved(epoch)
    stage.write(stage.output / "toy.safetensors", EPOCHS + 1)


if __name__ == "__main__":
    globals()[sys.argv[1]](Stage.from_arguments())
