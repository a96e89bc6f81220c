"""Every weights file of the recorded runs, told from its real header."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.errors import ArtifactError
from tests.doubles.runs import unfold

# run, file, category, family, architecture, format, algorithm, rank
PUBLISHABLE = [
    ("kohya-sd-scripts/lora_sd15", "sks_toy_v1", "lora", "sd1", "sd1x", "kohya", "lora", 1),
    ("kohya-sd-scripts/lora_sdxl", "sks_sdxl", "lora", "sdxl", "sdxl", "kohya", "lora", 1),
    ("kohya-sd-scripts/lycoris_lokr_sd15", "sks_toy_lokr", "lycoris", "sd1", "sd1x", "lycoris", "lokr", 2),
    ("kohya-sd-scripts/ti_sd15", "skstoy", "embeddings", "sd1", "sd1x", "embedding-kohya", None, None),
    ("musubi-tuner/wan_lora", "sks_wan", "lora", "wan", None, "kohya", "lora", 1),
    ("ai-toolkit/lora_sd15", "sks_toy_aitk/sks_toy_aitk", "lora", "sd1", "sd1x", "kohya", "lora", 1),
    ("onetrainer/lora_sd15", "out/sks_toy_ot", "lora", "sd1", "sd1x", "kohya", "lora", 1),
    ("diffusion-pipe/wan13_lora", "epoch1/adapter_model", "lora", "wan", None, "comfy", "lora", 1),
    ("peft/real_sdxl", "pytorch_lora_weights", "lora", "sdxl", "sdxl", "diffusers-peft", "lora", 1),
    ("peft/real_wan13", "pytorch_lora_weights", "lora", "wan", None, "diffusers-peft", "lora", 1),
    # Attention alone fits FLUX.1 and Chroma alike.
    ("peft/real_flux", "pytorch_lora_weights", "lora", None, None, "diffusers-peft", "lora", 1),
    # Toy models: names that are known, widths that no real model has.
    ("peft/peft_native_dora_sd1", "adapter_model", "lora", None, None, "peft", "dora", 4),
    ("peft/tiny_sd3_pipe", "pytorch_lora_weights", "lora", None, None, "diffusers-peft", "lora", 4),
    ("peft/tiny_sd1_adapter", "pytorch_lora_weights", "lora", None, None, "diffusers-peft", "lora", 4),
    ("diffusers/dreambooth_lora_sd1", "pytorch_lora_weights", "lora", None, None, "diffusers-old", "lora", 4),
    ("diffusers/textual_inversion_sd1", "learned_embeds", "embeddings", None, None, "embedding-diffusers", None, None),
]
REFUSED = [
    ("musubi-tuner/wan_lora", "sks_wan-state/model", "training_state"),
    ("onetrainer/lora_sd15", "ws/backup/2026-11-22_07-06-01-backup-8-2-0/lora/lora", "training_state"),
    ("diffusers/textual_inversion_sd1", "checkpoint-1/model", "text_encoder"),
    ("diffusers/dreambooth_full_sd1", "unet/diffusion_pytorch_model", "diffusers_component"),
    ("diffusers/dreambooth_full_sd1", "checkpoint-2/unet/diffusion_pytorch_model", "diffusers_component"),
    ("diffusers/dreambooth_full_sd1", "vae/diffusion_pytorch_model", "diffusers_component"),
    ("diffusers/dreambooth_full_sd1", "text_encoder/model", "diffusers_component"),
    ("hf-trainer/trainer_bert", "model", "not_an_image_model"),
    ("hf-trainer/trainer_gpt2_peft", "adapter_model", "not_an_image_model"),
    ("lightning/linear", "model", "not_an_image_model"),
]


def found_in(run: str, name: str, tmp_path: Path) -> Path:
    return unfold(run, tmp_path) / "output" / f"{name}.safetensors"


@pytest.mark.parametrize(("run", "name", *"cfayrk"), PUBLISHABLE, ids=[f"{run[0]}-{run[1]}" for run in PUBLISHABLE])
def test_a_trained_file_is_known(
    run: str, name: str, c: str, f: str | None, a: str | None, y: str, r: str | None, k: int | None, tmp_path: Path
) -> None:
    found = inspect(found_in(run, name, tmp_path))
    told = (found.category, found.family, found.architecture, found.format, found.algorithm, found.rank)
    assert told == (c, f, a, y, r, k)
    assert found.valid, found.findings
    require_publishable(found)


@pytest.mark.parametrize(("run", "name", "code"), REFUSED)
def test_a_look_alike_is_refused(run: str, name: str, code: str, tmp_path: Path) -> None:
    found = inspect(found_in(run, name, tmp_path))
    assert found.valid
    assert found.architecture is None or found.category == "checkpoint"
    with pytest.raises(ArtifactError) as caught:
        require_publishable(found)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)


@pytest.mark.parametrize(
    ("run", "name", "words"),
    [
        ("kohya-sd-scripts/lora_sdxl", "sks_sdxl", ("sks toy",)),
        ("kohya-sd-scripts/ti_sd15", "skstoy", ("skstoy",)),
        ("ai-toolkit/lora_sd15", "sks_toy_aitk/sks_toy_aitk", ("sks toy",)),
        ("diffusers/textual_inversion_sd1", "learned_embeds", ("<sks-toy>",)),
        ("musubi-tuner/wan_lora", "sks_wan", ()),
    ],
)
def test_trigger_words_are_claimed_where_the_file_says_them(
    run: str, name: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    assert inspect(found_in(run, name, tmp_path)).claims.trigger_words == words


def test_local_paths_in_metadata_are_reported(tmp_path: Path) -> None:
    found = inspect(found_in("diffusers/dreambooth_lora_flux", "pytorch_lora_weights", tmp_path))
    assert "private_paths" in {finding.code for finding in found.findings}
    assert json.loads(found.metadata["lora_adapter_metadata"])
