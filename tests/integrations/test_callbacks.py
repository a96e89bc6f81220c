"""What is odd in a trainer does not end its training: it costs a number, or the export, and is said."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.doubles.training import Training
from tests.integrations.conformance import STAND_INS

LIGHTNING = """
from types import SimpleNamespace
from lightning.pytorch import LightningModule, Trainer
from rw_hooks_integrations.lightning import RunwareCallback
class Tensor:
    detach = clone = lambda self: self
class Module(LightningModule):
    weights = {"a": Tensor()}
    def state_dict(self): return self.weights
    def load_state_dict(self, weights):
        self.weights = weights
        if "b" in weights: raise RuntimeError("unexpected key b")
    def training_epoch(self, epoch): ...
    def after_epoch(self, epoch): ...
module, first = Module(), Module.weights
Path("best.ckpt").write_bytes(b"a checkpoint")
trainer = Trainer(callbacks=[RunwareCallback(lambda module: {}, best=True)], max_epochs=1, default_root_dir=".")
trainer.checkpoint_callback = SimpleNamespace(best_model_path="best.ckpt")
trainer.strategy = SimpleNamespace(load_checkpoint=lambda path: {"state_dict": {"b": 1}})
trainer.fit(module)
assert module.weights == first
"""
TRANSFORMERS = """
from types import SimpleNamespace
from rw_hooks_integrations.transformers import RunwareCallback
callback = RunwareCallback(which="best")
args = SimpleNamespace(
    output_dir=".", load_best_model_at_end=False, metric_for_best_model="loss", greater_is_better=False
)
for step, loss in enumerate([0.5, None, "n/a", 0.25]):
    save(Path(f"checkpoint-{step}") / "adapter_model.safetensors", step)
    log = [{"step": step, "eval_loss": loss}]
    state = SimpleNamespace(global_step=step, is_world_process_zero=True, best_model_checkpoint=None, log_history=log)
    callback.on_save(args, state, None)
callback.on_train_end(args, state, None)
"""


EXPORTED = """
from types import ModuleType
tensors = ModuleType("safetensors.torch")
tensors.save_file = lambda _tensors, path, **_metadata: save(path, 7)
sys.modules["safetensors.torch"] = tensors
from lightning.pytorch import LightningModule, Trainer
from rw_hooks_integrations.lightning import RunwareCallback
class Module(LightningModule):
    def training_epoch(self, epoch): ...
    def after_epoch(self, epoch): ...
Path("model.safetensors").write_bytes(b"somebody's own")
for _ in range(2):
    callback = RunwareCallback(lambda module: {}, which="all")
    Trainer(callbacks=[callback], max_epochs=2, default_root_dir=".").fit(Module())
"""


def train(training: Training, script: str) -> subprocess.CompletedProcess[str]:
    training.folder.mkdir()
    command, environ = training.command(script)
    environ["PYTHONPATH"] += f"{os.pathsep}{STAND_INS}"
    return subprocess.run(
        command, env=environ, cwd=training.folder, check=False, capture_output=True, text=True, timeout=60
    )


def test_a_best_checkpoint_that_does_not_fit_is_said_and_leaves_the_module_as_it_was(tmp_path):
    training = Training(tmp_path / "run", tmp_path / "home")
    done = train(training, LIGHTNING)
    assert done.returncode == 0, done.stderr
    assert "the best checkpoint cannot be loaded: unexpected key b" in done.stderr
    assert training.handed() == []


def test_a_score_that_is_no_number_costs_the_score_and_not_the_save(tmp_path):
    training = Training(tmp_path / "run", tmp_path / "home")
    done = train(training, TRANSFORMERS)
    assert done.returncode == 0, done.stderr
    assert [item.metric for item in training.handed()] == [-0.5, None, None, -0.25]


def test_an_export_takes_no_name_that_somebody_else_has(tmp_path):
    training = Training(tmp_path / "run", tmp_path / "home")
    done = train(training, EXPORTED)
    assert done.returncode == 0, done.stderr
    assert (training.folder / "model.safetensors").read_bytes() == b"somebody's own"
    results = [Path(item.path).name for item in training.handed() if item.final]
    assert results == ["model-2.safetensors", "model-3.safetensors"]
