"""A small LoRA, really trained: what the demo publishes.

Each cross-attention projection of Stable Diffusion 1.5 gets a pair of matrices, and gradient descent fits their product
``up @ down`` to an update of that projection. The sizes, the tensor names and the metadata are those of a LoRA that
kohya's sd-scripts writes (``networks/lora.py``, ``library/sai_model_spec.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

__all__ = ["RANK", "TRIGGER_WORDS", "make_adapter"]

RANK = 4
TRIGGER_WORDS = "zkchr7 sketch"
_ALPHA = 4.0
_RATE = 0.3
_TEXT_WIDTH = 768
_BLOCKS = (
    *((f"down_blocks_{block}_attentions_{layer}", 320 << block) for block in range(3) for layer in range(2)),
    ("mid_block_attentions_0", 1280),
    *((f"up_blocks_{block}_attentions_{layer}", 2560 >> block) for block in range(1, 4) for layer in range(3)),
)
"""The attention blocks of the SD 1.5 UNet, and their widths."""

_Matrix: TypeAlias = NDArray[np.float64]


@dataclass
class _Module:
    """One adapted projection, and the update that it is to learn; both are products of two thin matrices.

    ``up`` is kept transposed, so that both factors have one row a rank. No product of full size is ever written out:
    gradients and error follow from the small matrices between the factors.
    """

    name: str
    up: _Matrix
    down: _Matrix
    wanted_up: _Matrix
    wanted_down: _Matrix

    def step(self) -> float:
        """Take one step down the gradient of ``|up @ down - wanted|^2 / 2``; return the relative squared error."""
        ups, downs = np.inner(self.up, self.up), np.inner(self.down, self.down)
        up_overlap, down_overlap = np.inner(self.up, self.wanted_up), np.inner(self.down, self.wanted_down)
        wanted = _dot(np.inner(self.wanted_up, self.wanted_up), np.inner(self.wanted_down, self.wanted_down))
        self.up = self.up - _RATE * (downs @ self.up - down_overlap @ self.wanted_up)
        self.down = self.down - _RATE * (ups @ self.down - up_overlap @ self.wanted_down)
        return 1 + (_dot(ups, downs) - 2 * _dot(up_overlap, down_overlap)) / wanted


def _dot(one: _Matrix, other: _Matrix) -> float:
    return float(np.sum(one * other))


def make_adapter(path: Path, seed: int, steps: int, on_loss: Callable[[int, float], None]) -> None:
    """Train a LoRA for Stable Diffusion 1.5 and write it.

    Args:
        path: The ``.safetensors`` file to write.
        seed: Fixes what is learnt.
        steps: Steps of gradient descent.
        on_loss: Called after each step with its number, from 1, and the relative squared error.
    """
    random = np.random.default_rng(seed)
    modules = list(_modules(random))
    for step in range(1, steps + 1):
        on_loss(step, float(np.mean([module.step() for module in modules])))
    path.write_bytes(save(_tensors(modules), metadata=_metadata(path, seed, steps)))


def _modules(random: np.random.Generator) -> Iterator[_Module]:
    for block, width in _BLOCKS:
        for projection, rows, columns in (
            ("to_q", width, width),
            ("to_k", width, _TEXT_WIDTH),
            ("to_v", width, _TEXT_WIDTH),
            ("to_out_0", width, width),
        ):
            yield _Module(
                name=f"lora_unet_{block}_transformer_blocks_0_attn2_{projection}",
                up=np.zeros((RANK, rows)),
                down=_normal(random, columns),
                wanted_up=_normal(random, rows),
                wanted_down=_normal(random, columns),
            )


def _normal(random: np.random.Generator, width: int) -> _Matrix:
    return random.normal(0.0, width**-0.5, (RANK, width))


def _tensors(modules: list[_Module]) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for module in modules:
        tensors[f"{module.name}.lora_down.weight"] = module.down.astype(np.float16)
        tensors[f"{module.name}.lora_up.weight"] = np.ascontiguousarray(np.transpose(module.up), np.float16)
        tensors[f"{module.name}.alpha"] = np.array(_ALPHA, np.float16)
    return tensors


def _metadata(path: Path, seed: int, steps: int) -> dict[str, str]:
    return {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": "stable-diffusion-v1/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.title": path.stem,
        "modelspec.trigger_phrase": TRIGGER_WORDS,
        "modelspec.prediction_type": "epsilon",
        "ss_base_model_version": "sd_v1",
        "ss_v2": "False",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(RANK),
        "ss_network_alpha": str(_ALPHA),
        "ss_learning_rate": str(_RATE),
        "ss_output_name": path.stem,
        "ss_seed": str(seed),
        "ss_steps": str(steps),
        "ss_max_train_steps": str(steps),
        "ss_training_comment": "trained by rw-hooks demo",
    }
