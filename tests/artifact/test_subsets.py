"""An adapter on any part of a known base is never taken for another base's: a family, or none, but no wrong one."""

from __future__ import annotations

import random
import re

import pytest

from rw_hooks.artifact.identify.kind import identify
from rw_hooks.artifact.read.header import Tensor
from tests.artifact.making import load_item, tensors_of

BASES = {
    "comfy_wan21_13b_t2v": "wan",
    "dif_chroma": "chroma",
    "dif_flux_dev": "flux1",
    "dif_lumina2": "lumina2",
    "dif_qwen_image": "qwen_image",
    "dif_sd1_lcm_unet": "sd1",
    "dif_sdxl_unet": "sdxl",
    "dif_wan21_13b_t2v": "wan",
    "dif_z_image": "z_image",
    "sds_flux_dev_ckpt_prefixed": "flux1",
    "sds_lumina2_transformer": "lumina2",
    "sds_sd3_35_medium_transformer": "sd3",
    "sds_sd3_medium_transformer": "sd3",
    "sds_sdxl_unet_sgm_bare": "sdxl",
}
ROUNDS = 12


def layers_of(base: str) -> dict[str, tuple[int, int]]:
    """Every linear layer of a base: its name, inputs and outputs."""
    shapes = {name: entry["shape"] for name, entry in load_item(base)["tensors"].items() if name.endswith(".weight")}
    linear = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    return {
        re.sub(r"^model\.diffusion_model\.", "", name.removesuffix(".weight")): (shape[1], shape[0])
        for name, shape in linear.items()
    }


def kohya(layers: dict[str, tuple[int, int]]) -> tuple[Tensor, ...]:
    shapes: dict[str, list[int]] = {}
    for name, (width, outputs) in layers.items():
        path = "lora_unet_" + name.replace(".", "_")
        shapes |= {f"{path}.lora_down.weight": [4, width], f"{path}.lora_up.weight": [outputs, 4], f"{path}.alpha": []}
    return tensors_of(shapes)


def peft(layers: dict[str, tuple[int, int]]) -> tuple[Tensor, ...]:
    shapes: dict[str, list[int]] = {}
    for name, (width, outputs) in layers.items():
        shapes |= {
            f"diffusion_model.{name}.lora_A.weight": [4, width],
            f"diffusion_model.{name}.lora_B.weight": [outputs, 4],
        }
    return tensors_of(shapes)


def lokr(layers: dict[str, tuple[int, int]]) -> tuple[Tensor, ...]:
    shapes: dict[str, list[int]] = {}
    for name, (width, outputs) in layers.items():
        shapes |= {f"lycoris_{name.replace('.', '_')}.lokr_w1": [4, 4],
                   f"lycoris_{name.replace('.', '_')}.lokr_w2": [outputs // 4, width // 4]}  # fmt: skip
    return tensors_of(shapes)


def subsets(layers: dict[str, tuple[int, int]], seed: str) -> list[dict[str, tuple[int, int]]]:
    """All layers, each kind of layer alone, some blocks alone, and random handfuls."""
    source = random.Random(seed)
    kinds = sorted({re.sub(r"\d+", "#", name) for name in layers})
    found = [layers]
    found += [{name: size for name, size in layers.items() if re.sub(r"\d+", "#", name) == kind} for kind in kinds]
    for words in ("attn", "to_q", "ff", "mlp", "proj"):
        found.append({name: size for name, size in layers.items() if words in name})
    for number in range(3):
        found.append({name: size for name, size in layers.items() if f"blocks.{number}." in name})
    found += [dict(source.sample(sorted(layers.items()), source.randint(1, 12))) for _ in range(ROUNDS)]
    return [subset for subset in found if subset]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("spelling", [kohya, peft, lokr])
def test_no_part_of_a_base_is_taken_for_another(base: str, spelling: object) -> None:
    for subset in subsets(layers_of(base), base):
        found = identify(spelling(subset), {})  # type: ignore[operator] # each takes layers
        assert not found.families or BASES[base] in found.families, (sorted(subset)[:5], found.families)
        assert found.category in {"lora", "lycoris"}


@pytest.mark.parametrize("base", [base for base in BASES if base != "dif_chroma"])
def test_an_adapter_on_every_layer_is_known(base: str) -> None:
    assert identify(kohya(layers_of(base)), {}).families == (BASES[base],)
