"""A file that must not be published by its place is refused alike, whether it is named itself or found in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.artifact.checks.location import refusal_by_place
from rw_hooks.errors import ArtifactError
from rw_hooks.integration import choose, read_run
from tests.artifact.making import adapter_layer, load_item, write, write_item

ADAPTER = adapter_layer("lora_unet_blocks_0_self_attn_q")
REFUSED = [
    ("toy-state/model", (), "training_state"),
    ("toy-state/model_1", (), "training_state"),
    ("toy-state/model_ema", (), "training_state"),
    ("TOY-STATE/pytorch_model", (), "training_state"),
    ("accelerator_state/model", (), "training_state"),
    ("global_step20/anything", (), "training_state"),
    ("optimizer/shard_0", (), "training_state"),
    ("checkpoint-5/model", ("checkpoint-5/optimizer.bin",), "training_state"),
    ("checkpoint-5/model_1", ("checkpoint-5/optimizer.bin",), "training_state"),
    ("checkpoint-5/model", ("checkpoint-5/optimizer.pt",), "training_state"),
    ("checkpoint-5/model", ("checkpoint-5/random_states_0.pkl",), "training_state"),
    ("checkpoint-5/model", ("checkpoint-5/train_state.json",), "training_state"),
    ("checkpoint-5/pytorch_model-00001-of-00002", ("checkpoint-5/optimizer.bin",), "training_state"),
    ("ws/backup/2026-11-22_07-06-01-backup-8-2-0/lora/lora", (), "training_state"),
    ("backup/lora/lora", ("backup/onetrainer_config/config.json",), "training_state"),
    ("pipe/unet/diffusion_pytorch_model", ("pipe/model_index.json",), "diffusers_component"),
    ("pipe/unet/diffusion_pytorch_model.fp16", ("pipe/model_index.json",), "diffusers_component"),
    ("pipe/unet/diffusion_pytorch_model-00001-of-00002", ("pipe/model_index.json",), "diffusers_component"),
    ("pipe/vae/diffusion_pytorch_model", ("pipe/model_index.json", "pipe/vae/config.json"), "diffusers_component"),
    ("pipe/text_encoder/model", ("pipe/model_index.json",), "diffusers_component"),
    ("model-00001-of-00003", (), "shard"),
    ("out/diffusion_pytorch_model-00002-of-00002", (), "shard"),
    ("out/part", ("out/model.safetensors.index.json",), "shard"),
    ("learned_embeds", ("learned_embeds_2.safetensors",), "half_embedding"),
    ("learned_embeds_2", ("learned_embeds.safetensors",), "half_embedding"),
    ("learned_embeds-steps-500", ("learned_embeds_2-steps-500.safetensors",), "half_embedding"),
]
TAKEN = [
    ("toy", ()),
    ("model", ()),
    ("solid-state/solid", ()),
    ("accelerators/racing", ()),
    ("out/toy", ("out/optimizer.pt",)),  # as ai-toolkit leaves them
    ("out/model-00001-of-00001", ()),
    ("out/pytorch_lora_weights", ("out/model_index.json",)),
    ("out/checkpoint-5/pytorch_lora_weights", ("out/model_index.json",)),
    ("out/v1-5-pruned", ("out/model_index.json",)),
    ("learned_embeds", ()),
    ("learned_embeds", ("learned_embeds_2-steps-500.safetensors",)),
]


def placed(root: Path, name: str, beside: tuple[str, ...]) -> Path:
    path = root / f"{name}.safetensors"
    for other in (root / place for place in beside):
        other.parent.mkdir(parents=True, exist_ok=True)
        if other.suffix == ".safetensors":
            write(other, ADAPTER)
        else:
            other.write_text(json.dumps({"weight_map": {"a": path.name, "b": "another.safetensors"}}))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, ADAPTER)


@pytest.mark.parametrize(("name", "beside", "code"), REFUSED)
def test_a_file_and_its_folder_are_refused_alike(tmp_path, name, beside, code):
    path = placed(tmp_path, name, beside)
    refusal = refusal_by_place(path)
    assert refusal is not None
    assert refusal.code == code
    with pytest.raises(ArtifactError) as by_file:
        require_publishable(inspect(path))
    assert by_file.value.code == code
    [artifact] = [artifact for artifact in read_run(tmp_path).artifacts if artifact.path == path]
    assert not artifact.publishable
    assert by_file.value.message.endswith(f": this is {artifact.reason}")
    assert artifact.reason == refusal.words
    with pytest.raises(ArtifactError, match="must not be published") as by_choice:
        choose(read_run(path))
    assert by_choice.value.message.endswith(artifact.reason)
    assert path not in [artifact.path for artifact in choose(read_run(tmp_path), "all").artifacts]


@pytest.mark.parametrize(("name", "beside"), TAKEN)
def test_what_is_only_called_so_is_taken_alike(tmp_path, name, beside):
    path = placed(tmp_path, name, beside)
    assert refusal_by_place(path) is None
    require_publishable(inspect(path))
    assert [artifact.path for artifact in choose(read_run(path)).artifacts] == [path]
    folder = {artifact.path: artifact for artifact in read_run(path.parent).artifacts}
    assert folder[path].publishable, folder[path].reason


@pytest.mark.parametrize("item", ["dif_vae_flux", "dif_cn_sd3", "dif_sdxl_unet", "peft_sdxl_unet"])
def test_whatever_is_in_it_a_place_says_the_same(tmp_path, item):
    state = tmp_path / "toy-state"
    state.mkdir()
    path = write_item(state / "model.safetensors", load_item(item))
    found = inspect(path, header_only=True)
    assert [finding.code for finding in found.findings if finding.code == "training_state"] == ["training_state"]
    assert (found.category, found.family, found.format) == ("other", None, None)
    with pytest.raises(ArtifactError, match="for resuming"):
        require_publishable(found)


def test_a_copy_is_judged_by_the_place_of_its_origin(tmp_path):
    path = placed(tmp_path, "toy-state/model", ())
    copy = write(tmp_path / "0123456789ab.copy", {"w": np.ones((2, 2), np.float32)})
    assert "training_state" in {finding.code for finding in inspect(copy, placed=path).findings}
