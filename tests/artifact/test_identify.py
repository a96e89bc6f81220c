from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rw_hooks.artifact import inspect
from rw_hooks.artifact.identify import identify
from rw_hooks.families import FAMILY_OF
from tests.artifact.making import HEADERS, load_item, tensors_of, write_item

ITEMS = sorted(path.name.partition(".")[0] for path in HEADERS.glob("*.json.gz"))
OUR_NAMES = {"sd2x": "sd2"}
# Nothing in these files tells which of several families they are for; each holds for real files of its kind.
SEVERAL_FAMILIES = {"dif_vae_flux", "dif_vae_qwen", "sds_sd3_vae", "ti_pivotal_flux"}


@pytest.mark.parametrize("name", ITEMS)
def test_a_real_header_is_known(name: str, tmp_path: Path) -> None:
    item = load_item(name)
    labels = item["labels"]
    truth = labels["architecture"]
    family = FAMILY_OF.get(truth) or OUR_NAMES.get(truth, truth)
    found = inspect(write_item(tmp_path / "file.safetensors", item), header_only=True)
    assert found.category == labels["category"]
    if labels["category"] == "other":
        assert found.architecture is None
        return
    assert found.family == (None if name in SEVERAL_FAMILIES else family)
    if truth in FAMILY_OF:
        assert truth in found.candidates
        assert found.architecture in {truth, None}
    else:
        assert found.architecture is None


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("sds_sdxl_lora_meta_pony", "pony"),
        ("sds_sdxl_lora_meta_illustrious", "illustrious"),
        ("sds_sdxl_lora_meta_sdxl", "sdxl"),
        ("sds_sdxl_lora", "sdxl"),
        ("sds_flux_dev_lora_unetonly", "flux1d"),
        ("sds_flux_schnell_lora_unetonly", "flux1s"),
        ("musubi_kontext_lora", "fluxkontextdev"),
        ("dif_sd1_lcm_unet", "sd1xlcm"),
        ("dif_flux_schnell", "flux1s"),
        ("dif_flux_dev", None),
        ("aitk_hidream_lora", None),
        ("dif_qwen_image", "qwen_image"),
        ("sds_chroma_lora", None),
    ],
)
def test_claims_choose_the_child_and_nothing_is_guessed(name: str, architecture: str | None, tmp_path: Path) -> None:
    found = inspect(write_item(tmp_path / "file.safetensors", load_item(name)), header_only=True)
    assert found.architecture == architecture


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("dif_flux_dev", {"flux1d", "fluxkontextdev"}),
        ("dif_flux_schnell", {"flux1s"}),
        ("aitk_hidream_lora", {"hidreamdev", "hidreamfull"}),
        ("dif_vae_qwen", {"qwen_image"}),
        ("wan_lora_wan21_14b_t2v_kohya", set()),
    ],
)
def test_candidates_are_what_is_left(name: str, candidates: set[str], tmp_path: Path) -> None:
    found = inspect(write_item(tmp_path / "file.safetensors", load_item(name)), header_only=True)
    assert set(found.candidates) == candidates


@pytest.mark.parametrize(
    ("name", "key_format", "algorithm", "rank"),
    [
        ("sds_sd1_lora", "kohya", "lora", 16),
        ("lyco_sd1_locon", "kohya", "locon", 8),
        ("lyco_sdxl_lokr", "lycoris", "lokr", 8),
        ("lyco_sdxl_glora", "lycoris", "glora", 8),
        ("lyco_sdxl_diag-oft", "lycoris", "oft", 8),
        ("peft_sdxl_unet", "diffusers-peft", "lora", 16),
        ("peft_old_sd1_unet", "diffusers-old", "lora", 16),
        ("aitk_qwen_lora", "comfy", "lora", 16),
        ("wan_lora_wan21_13b_t2v_comfy", "comfy", "lora", 32),
        ("dif_sdxl_unet", "diffusers-component", None, None),
        ("sds_flux_dev_ckpt_prefixed", "single-file", None, None),
        ("dif_cn_sdxl_union", "controlnet-diffusers", None, None),
        ("sds_sd3_vae", "vae-ldm", None, None),
        ("dif_vae_flux", "vae-diffusers", None, None),
        ("ti_onetrainer_sd3", "embedding-kohya", None, None),
        ("ti_diffusers_sd1", "embedding-diffusers", None, None),
    ],
)
def test_keys_tell_format_algorithm_and_rank(
    name: str, key_format: str, algorithm: str | None, rank: int | None, tmp_path: Path
) -> None:
    found = inspect(write_item(tmp_path / "file.safetensors", load_item(name)), header_only=True)
    assert (found.format, found.algorithm, found.rank) == (key_format, algorithm, rank)


def shapes_of(name: str) -> dict[str, list[int]]:
    return {key: value["shape"] for key, value in load_item(name)["tensors"].items()}


@pytest.mark.parametrize("prefix", ["model.diffusion_model.", "diffusion_model.", "model.", "net.", "transformer.", ""])
def test_prefixes_make_no_difference(prefix: str) -> None:
    shapes = {prefix + key: shape for key, shape in shapes_of("comfy_wan21_13b_t2v").items()}
    found = identify(tensors_of(shapes), {})
    assert (found.category, found.families) == ("checkpoint", ("wan",))


def test_a_bare_unet_is_no_controlnet() -> None:
    found = identify(tensors_of(shapes_of("sds_sdxl_unet_sgm_bare")), {})
    assert (found.category, found.type, found.families) == ("checkpoint", "base", ("sdxl",))


@pytest.mark.parametrize(
    ("name", "key", "shape", "expected"),
    [
        ("dif_sdxl_unet", "conv_in.weight", [320, 9, 3, 3], "inpainting"),
        ("dif_sdxl_unet", "conv_in.weight", [320, 4, 3, 3], "base"),
        ("dif_sdxl_unet", "conv_in.weight", [320, 8, 3, 3], "base"),
        ("dif_flux_dev", "x_embedder.weight", [3072, 384], "inpainting"),
        ("dif_sdxl_unet", "add_embedding.linear_1.weight", [1536, 2560], "refiner"),
    ],
)
def test_input_channels_tell_the_type(name: str, key: str, shape: list[int], expected: str) -> None:
    assert identify(tensors_of({**shapes_of(name), key: shape}), {}).type == expected


def test_leftovers_of_a_merged_adapter_leave_a_checkpoint_a_checkpoint() -> None:
    shapes = {**shapes_of("dif_sdxl_unet"), **shapes_of("peft_sdxl_unet")}
    assert identify(tensors_of(shapes), {}).category == "checkpoint"


def adapter(paths: dict[str, tuple[int, int]], prefix: str = "lora_unet_", suffixes: str = "kohya") -> Any:
    down, up = {"kohya": ("lora_down", "lora_up"), "peft": ("lora_A", "lora_B")}[suffixes]
    shapes: dict[str, list[int]] = {}
    for path, (width, outputs) in paths.items():
        shapes[f"{prefix}{path}.{down}.weight"] = [4, width]
        shapes[f"{prefix}{path}.{up}.weight"] = [outputs, 4]
    return tensors_of(shapes)


@pytest.mark.parametrize(
    ("paths", "families"),
    [
        # Widths of the cross-attention's inputs (CLIP-L, OpenCLIP-H, both of SDXL, bigG alone).
        ({"down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k": (768, 640)}, {"sd1"}),
        ({"down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k": (1024, 640)}, {"sd2"}),
        # SSD-1B and Vega have some of SDXL's layers and no other.
        ({"input_blocks_4_1_transformer_blocks_0_attn2_to_k": (2048, 640)}, {"sdxl", "ssd1b", "vega"}),
        ({"input_blocks_7_1_transformer_blocks_9_attn2_to_k": (2048, 1280)}, {"sdxl"}),
        ({"input_blocks_4_1_transformer_blocks_0_attn2_to_k": (1280, 768)}, {"sdxl_refiner"}),
        # A slider on self-attention alone: only SDXL has a second block in a stage, only SD 1 and 2 a first stage.
        ({"down_blocks_1_attentions_0_transformer_blocks_1_attn1_to_q": (640, 640)}, {"sdxl", "ssd1b"}),
        ({"down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q": (320, 320)}, {"sd1", "sd2"}),
        # Four blocks deep and nothing in the middle: SSD-1B is possible.
        (
            {
                "input_blocks_7_1_transformer_blocks_3_attn2_to_k": (2048, 1280),
                "input_blocks_8_1_transformer_blocks_3_attn2_to_k": (2048, 1280),
            },
            {"sdxl", "ssd1b"},
        ),
        # FLUX.1 has modulation, Chroma none, FLUX.2 gated or wider layers, HunyuanVideo other names.
        ({"double_blocks_0_img_mod_lin": (3072, 18432), "single_blocks_0_linear1": (3072, 21504)}, {"flux1"}),
        ({"double_blocks_0_img_mlp_0": (3072, 12288), "single_blocks_0_linear1": (3072, 21504)}, {"flux1", "chroma"}),
        ({"double_blocks_0_img_mlp_0": (3072, 18432)}, {"flux2"}),
        ({"single_blocks_0_linear1": (6144, 55296)}, {"flux2"}),
        ({"double_blocks_0_img_attn_qkv": (3072, 9216)}, {"flux1", "chroma", "flux2", "hunyuan_video"}),
        ({"double_blocks_0_img_mlp_fc1": (3072, 12288)}, {"hunyuan_video"}),
        ({"joint_blocks_0_x_block_attn_qkv": (1536, 4608)}, {"sd3"}),
        ({"layers_0_attention_to_q": (3840, 3840)}, {"z_image"}),
        ({"layers_0_attention_qkv": (2304, 3840)}, {"lumina2"}),
        ({"layers_0_attention_qkv": (999, 999)}, set()),
        ({"blocks_0_self_attn_q": (5120, 5120)}, {"wan"}),
        ({"blocks_0_attn_wq": (6144, 6144)}, {"krea2"}),
        ({"blocks_0_cross_attn_q_proj": (2048, 2048)}, {"anima"}),
        ({"double_stream_blocks_0_block_attn1_to_q": (2560, 2560)}, {"hidream"}),
        ({"somewhere_else": (3072, 3072)}, set()),
    ],
)
def test_an_adapter_tells_its_base_by_names_and_widths(paths: dict[str, tuple[int, int]], families: set[str]) -> None:
    found = identify(adapter(paths), {})
    assert found.category == "lora"
    assert set(found.families) == families


@pytest.mark.parametrize(
    ("paths", "families"),
    [
        ({"transformer_blocks.0.attn.to_q": (1536, 1536)}, {"sd3"}),
        ({"transformer_blocks.59.attn.to_q": (3072, 3072)}, {"qwen_image"}),
        ({"transformer_blocks.3.img_mlp.net.0.proj": (3072, 12288)}, {"qwen_image"}),
        ({"transformer_blocks.7.attn.to_q": (6144, 6144)}, {"flux2", "krea2"}),
        ({"transformer_blocks.7.attn.to_k": (6144, 6144)}, {"flux2"}),
        (
            {"transformer_blocks.0.attn.to_q": (3072, 3072), "single_transformer_blocks.0.attn.to_q": (3072, 3072)},
            {"flux1", "chroma", "hunyuan_video"},
        ),
        (
            {
                "transformer_blocks.18.norm1.linear": (3072, 18432),
                "single_transformer_blocks.37.norm.linear": (3072, 9216),
            },
            {"flux1", "hunyuan_video"},
        ),
        # The same layers, twenty and forty of them, are HunyuanVideo's.
        (
            {
                "transformer_blocks.19.attn.to_q": (3072, 3072),
                "transformer_blocks.19.norm1.linear": (3072, 18432),
                "single_transformer_blocks.39.norm.linear": (3072, 9216),
            },
            {"hunyuan_video"},
        ),
        ({"transformer_blocks.0.attn.to_k": (6144, 1536)}, {"krea2"}),
        ({"single_transformer_blocks.0.attn.to_qkv_mlp_proj": (4096, 36864)}, {"flux2"}),
        ({"blocks.0.attn2.to_k": (1536, 1536)}, {"wan"}),
    ],
)
def test_diffusers_names_tell_the_same(paths: dict[str, tuple[int, int]], families: set[str]) -> None:
    found = identify(adapter(paths, "transformer.", "peft"), {})
    assert (found.category, found.format) == ("lora", "diffusers-peft")
    assert set(found.families) == families


def test_a_clip_text_encoder_leaves_flux_and_not_chroma() -> None:
    attention = ("transformer_blocks.0.attn.to_q", "single_transformer_blocks.0.attn.to_q")
    denoiser = adapter(dict.fromkeys(attention, (3072, 3072)), "transformer.", "peft")
    encoder = adapter({"text_model.encoder.layers.0.self_attn.q_proj": (768, 768)}, "text_encoder.", "peft")
    assert identify((*denoiser, *encoder), {}).families == ("flux1",)


@pytest.mark.parametrize(
    ("prefix", "width", "families"),
    [
        ("lora_te_", 768, {"sd1"}),
        ("lora_te_", 1024, {"sd2"}),
        ("lora_te1_", 768, {"sd1", "sdxl", "sd3", "flux1", "hidream"}),
        ("lora_te2_", 1280, {"sdxl", "sd3", "hidream"}),
    ],
)
def test_text_encoders_alone_tell_what_they_can(prefix: str, width: int, families: set[str]) -> None:
    found = identify(adapter({"text_model_encoder_layers_0_self_attn_q_proj": (width, width)}, prefix), {})
    assert set(found.families) == families


@pytest.mark.parametrize(
    ("keys", "key_format"),
    [
        (["lora_unet_x.lora_down.weight", "lora_unet_x.lora_up.weight"], "kohya"),
        (["lora_transformer_x.lora_down.weight", "lora_transformer_x.lora_up.weight"], "onetrainer-legacy"),
        (["transformer.x.lora_down.weight", "transformer.x.lora_up.weight"], "onetrainer-legacy"),
        (["diffusion_model.x.lora_A.weight", "diffusion_model.x.lora_B.weight"], "comfy"),
        (["base_model.model.x.lora_A.weight", "base_model.model.x.lora_B.weight"], "peft"),
        (["unet.x.lora.down.weight", "unet.x.lora.up.weight"], "diffusers-old"),
        (
            ["unet.x.attn1.processor.to_q_lora.down.weight", "unet.x.attn1.processor.to_q_lora.up.weight"],
            "diffusers-old",
        ),
        (["x.lora_A.default.weight", "x.lora_B.default.weight"], "diffsynth"),
        (["double_blocks.0.processor.qkv_lora1.down.weight", "double_blocks.0.processor.qkv_lora1.up.weight"], "xlabs"),
        (["x.lora_A.weight", "x.lora_B.weight", "x.lora_B.bias"], "bfl-control"),
        (["lycoris_x.lokr_w1", "lycoris_x.lokr_w2"], "lycoris-wrapper"),
        (["lora_unet_x.hada_w1_a", "lora_unet_x.hada_w1_b"], "lycoris"),
    ],
)
def test_each_naming_scheme_has_its_name(keys: list[str], key_format: str) -> None:
    assert identify(tensors_of({key: [4, 4] for key in keys}), {}).format == key_format


@pytest.mark.parametrize(
    ("suffixes", "algorithm", "category"),
    [
        (("lora_down.weight", "lora_up.weight"), "lora", "lora"),
        (("lora_down.weight", "lora_up.weight", "dora_scale"), "dora", "lora"),
        (("lora_A.weight", "lora_B.weight", "lora_magnitude_vector"), "dora", "lora"),
        (("lora_down.weight", "lora_up.weight", "lora_mid.weight"), "locon", "lora"),
        (("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"), "loha", "lycoris"),
        (("lokr_w1", "lokr_w2_a", "lokr_w2_b"), "lokr", "lycoris"),
        (("oft_blocks",), "oft", "lycoris"),
        (("a1.weight", "a2.weight", "b1.weight", "b2.weight"), "glora", "lycoris"),
        (("on_input", "weight"), "ia3", "lycoris"),
        (("diff", "diff_b"), "full", "lycoris"),
        (("w_norm", "b_norm"), "full", "lycoris"),
    ],
)
def test_each_algorithm_has_its_suffixes(suffixes: tuple[str, ...], algorithm: str, category: str) -> None:
    found = identify(tensors_of({f"lora_unet_x.{suffix}": [4, 4] for suffix in suffixes}), {})
    assert (found.algorithm, found.category) == (algorithm, category)


def test_butterfly_blocks_are_boft() -> None:
    assert identify(tensors_of({"lora_unet_x.oft_blocks": [3, 40, 8, 8]}), {}).algorithm == "boft"


@pytest.mark.parametrize(
    ("shapes", "families"),
    [
        ({"emb_params": [4, 768]}, {"sd1"}),
        ({"emb_params": [4, 1024]}, {"sd2"}),
        ({"clip_l": [2, 768], "clip_g": [2, 1280]}, {"sdxl"}),
        ({"text_encoders_0": [2, 768], "text_encoders_1": [2, 1280]}, {"sdxl"}),
        ({"clip_l": [2, 768], "t5": [2, 4096]}, {"flux1"}),
        ({"clip_l": [2, 768], "clip_g": [2, 1280], "t5": [2, 4096]}, {"sd3"}),
        ({"<word>": [768]}, {"sd1"}),
        ({"<s0>": [1, 32]}, set()),
    ],
)
def test_embeddings_tell_their_encoders(shapes: dict[str, list[int]], families: set[str]) -> None:
    found = identify(tensors_of(shapes), {})
    assert found.category == "embeddings"
    assert set(found.families) == families


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (["ip_adapter.1.to_k_ip.weight", "image_proj.proj.weight"], "ip_adapter"),
        (["text_model.encoder.layers.0.mlp.fc1.weight"], "text_encoder"),
        (["encoder.block.0.layer.0.SelfAttention.k.weight", "shared.weight"], "text_encoder"),
        (["vision_model.encoder.layers.0.mlp.fc1.weight"], "image_encoder"),
        (["model.layers.0.self_attn.q_proj.weight", "lm_head.weight"], "not_an_image_model"),
        (["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
          "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"], "not_an_image_model"),
        (["state.0.exp_avg", "state.0.exp_avg_sq"], "optimizer_state"),
        (["latents_1x16x16_float32"], "dataset_cache"),
        (["fc.weight", "fc.bias"], "not_an_image_model"),
        (["adapter.body.0.resnets.0.block1.weight"], "t2i_adapter"),
    ],
)  # fmt: skip
def test_look_alikes_are_called_what_they_are(keys: list[str], code: str) -> None:
    found = identify(tensors_of({key: [64, 64] for key in keys}), {})
    assert (found.category, found.code) == ("other", code)


def test_unknown_layers_are_not_guessed() -> None:
    found = identify(tensors_of({f"stage.{number}.op.weight": [64, 64] for number in range(40)}), {})
    assert (found.category, found.families, found.code) == (None, (), None)
