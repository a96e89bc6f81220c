from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from rw_hooks.sandbox.adapter import RANK, TRIGGER_WORDS, make_adapter

STEPS = 60


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, float]]]:
    path, losses = tmp_path_factory.mktemp("adapter") / "sketch.safetensors", []
    make_adapter(path, 7, STEPS, lambda step, loss: losses.append((step, loss)))
    return path, losses


def test_training_goes_from_nothing_learnt_to_nearly_all(trained: tuple[Path, list[tuple[int, float]]]) -> None:
    _, losses = trained
    assert [step for step, _ in losses] == list(range(1, STEPS + 1))
    assert losses[0][1] == pytest.approx(1.0)
    assert losses[-1][1] < 0.01
    assert all(later <= sooner + 1e-9 for (_, sooner), (_, later) in pairwise(losses))


def test_the_file_has_the_names_and_sizes_of_a_kohya_lora(trained: tuple[Path, list[tuple[int, float]]]) -> None:
    with safe_open(trained[0], framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        metadata = file.metadata()
    name = "lora_unet_up_blocks_3_attentions_2_transformer_blocks_0_attn2_to_k"
    assert len(tensors) == 16 * 4 * 3
    assert tensors[f"{name}.lora_down.weight"].shape == (RANK, 768)
    assert tensors[f"{name}.lora_up.weight"].shape == (320, RANK)
    assert tensors[f"{name}.alpha"].shape == ()
    assert all(tensor.dtype == np.float16 for tensor in tensors.values())
    assert all(np.isfinite(tensor).all() and tensor.any() for tensor in tensors.values())
    assert metadata["ss_network_dim"] == str(RANK)
    assert metadata["modelspec.trigger_phrase"] == TRIGGER_WORDS


def test_the_first_step_learns_something(tmp_path: Path) -> None:
    losses: list[float] = []
    make_adapter(tmp_path / "one.safetensors", 1, 2, lambda _, loss: losses.append(loss))
    assert 0.9 < losses[1] < losses[0] == pytest.approx(1.0)


def test_a_seed_decides_what_is_learnt(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_adapter(tmp_path / name, seed, 3, lambda *_: None)
    tensors = []
    for name in "abc":
        with safe_open(tmp_path / name, framework="numpy") as file:
            tensors.append(
                file.get_tensor("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_v.lora_up.weight")
            )
    assert np.array_equal(tensors[0], tensors[1])
    assert not np.array_equal(tensors[0], tensors[2])
