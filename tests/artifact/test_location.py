from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.errors import ArtifactError
from tests.artifact.making import adapter_layer, codes, load_item, write, write_item

WEIGHTS = {"w": np.ones((2, 2), np.float32)}


@pytest.mark.parametrize(
    "name", ["model-00001-of-00003.safetensors", "diffusion_pytorch_model-00002-of-00002.safetensors"]
)
def test_a_numbered_shard_is_refused(tmp_path: Path, name: str) -> None:
    assert codes(inspect(write(tmp_path / name, WEIGHTS)), "error") == {"shard"}


def test_one_of_one_is_no_shard(tmp_path: Path) -> None:
    assert "shard" not in codes(inspect(write(tmp_path / "model-00001-of-00001.safetensors", WEIGHTS)))


@pytest.mark.parametrize(
    ("index", "content", "shard"),
    [
        ("model.safetensors.index.json", {"weight_map": {"a": "x.safetensors", "b": "y.safetensors"}}, True),
        ("x.safetensors.index.json", {"weight_map": {"a": "x.safetensors", "b": "y.safetensors"}}, True),
        ("model.safetensors.index.json", {"weight_map": {"a": "y.safetensors", "b": "z.safetensors"}}, False),
        ("model.safetensors.index.json", {"weight_map": {"a": "x.safetensors"}}, False),
        ("model.safetensors.index.json", ["nothing"], False),
    ],
)
def test_an_index_beside_tells_a_shard(tmp_path: Path, index: str, content: object, *, shard: bool) -> None:
    (tmp_path / index).write_text(json.dumps(content))
    assert ("shard" in codes(inspect(write(tmp_path / "x.safetensors", WEIGHTS)))) is shard


def test_a_runs_state_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "style-state"
    folder.mkdir()
    found = inspect(write(folder / "model.safetensors", adapter_layer("lora_unet_blocks_0_self_attn_q")))
    assert (found.category, found.family, found.format, found.algorithm) == ("other", None, None, "lora")
    with pytest.raises(ArtifactError, match="a training state, for resuming"):
        require_publishable(found)


def test_a_lora_that_is_called_so_is_no_state(tmp_path: Path) -> None:
    folder = tmp_path / "solid-state"
    folder.mkdir()
    found = inspect(write(folder / "solid.safetensors", adapter_layer("lora_unet_blocks_0_self_attn_q")))
    assert found.category == "lora"


def test_onetrainers_backup_is_refused(tmp_path: Path) -> None:
    arrays = adapter_layer("unet.down_blocks.0.attentions.0.proj_in")
    found = inspect(write(tmp_path / "lora.safetensors", arrays, {"ot_branch": "master"}))
    assert (found.category, codes(found)) == ("other", {"training_state"})


@pytest.mark.parametrize("step", ["", "-steps-500"])
def test_the_halves_of_an_sdxl_embedding_are_refused(tmp_path: Path, step: str) -> None:
    """diffusers' textual_inversion_sdxl.py writes a file for each text encoder."""
    half = write(tmp_path / f"learned_embeds{step}.safetensors", {"<word>": np.ones((1, 768), np.float32)})
    assert inspect(half).architecture == "sd1x"
    other = write(tmp_path / f"learned_embeds_2{step}.safetensors", {"<word>": np.ones((1, 1280), np.float32)})
    for path in (half, other):
        found = inspect(path)
        assert (found.category, found.architecture, codes(found)) == ("embeddings", None, {"half_embedding"})
        with pytest.raises(ArtifactError, match="clip_l"):
            require_publishable(found)


def test_a_part_of_a_pipeline_is_refused_with_the_conversion(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    folder = tmp_path / "vae"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    path = write_item(folder / "diffusion_pytorch_model.safetensors", load_item("dif_vae_flux"))
    found = inspect(path, header_only=True)
    assert (found.category, found.format) == ("checkpoint", "diffusers-component")
    with pytest.raises(ArtifactError, match="convert the whole folder") as caught:
        require_publishable(found)
    assert caught.value.code == "diffusers_component"


@pytest.mark.parametrize("folder", ["vae", "."])
def test_what_lies_in_no_pipeline_is_what_it_is(tmp_path: Path, folder: str) -> None:
    """A VAE is published in a repository of its own, with its configuration beside it."""
    place = tmp_path / folder
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text("{}")
    found = inspect(write_item(place / "diffusion_pytorch_model.safetensors", load_item("dif_vae_flux")))
    assert (found.category, found.format) == ("vae", "vae-diffusers")
    assert "diffusers_component" not in codes(found)
    encoder = {f"text_model.encoder.layers.{number}.mlp.fc1.weight": np.ones((2, 2), np.float32) for number in range(9)}
    found = inspect(write(place / "model.safetensors", encoder))
    assert (found.category, codes(found)) == ("other", {"text_encoder"})
