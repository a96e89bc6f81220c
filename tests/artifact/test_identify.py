from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rw_hooks.architectures import FAMILY_OF
from rw_hooks.artifact import inspect
from rw_hooks.artifact.identify.kind import identify
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
        ({"blocks.0.self_attn.q_proj": (2048, 2048)}, {"anima", "cosmos_predict2"}),
        ({"blocks.0.self_attn.q_proj": (2048, 2048), "llm_adapter.blocks.0.self_attn.q_proj": (1024, 1024)}, {"anima"}),
    ],
)
def test_anima_is_cosmos_predict_with_a_language_model(paths: dict[str, tuple[int, int]], families: set[str]) -> None:
    assert set(identify(adapter(paths, "diffusion_model.", "peft"), {}).families) == families


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


@pytest.mark.parametrize(
    ("key", "shape", "rank"),
    [
        # The dim of sd-scripts' networks.oft is a number of blocks, that of LyCORIS a size.
        ("oft_unet_x.oft_blocks", [4, 80, 80], 4),
        ("oft_te1_x.oft_blocks", [4, 192, 192], 4),
        ("lora_unet_x.oft_blocks", [40, 8, 8], 8),
        ("lora_unet_x.oft_blocks", [3, 40, 8, 8], None),
        # PEFT keeps the upper triangle of each block in a row.
        ("base_model.model.x.oft_R.weight", [96, 496], None),
        ("base_model.model.x.boft_R", [3, 40, 8, 8], None),
    ],
)
def test_the_rank_of_oft_is_its_trainers_dim(key: str, shape: list[int], rank: int | None) -> None:
    found = identify(tensors_of({key: shape}), {}).adapter
    assert found is not None
    assert [layer.rank for layer in found.layers.values()] == [rank]


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


@pytest.mark.parametrize("name", ["<word>", "clip_g", "emb_params"])
def test_the_larger_encoders_half_is_no_embedding(name: str) -> None:
    found = identify(tensors_of({name: [2, 1280]}), {})
    assert (found.category, found.families, found.code) == ("embeddings", (), "half_embedding")


@pytest.mark.parametrize(
    "shapes",
    [
        {"prompt_embeds": [77, 768]},
        {"prompt_embeds": [77, 2048], "pooled_prompt_embeds": [1, 1280]},
        {"image_embeds": [1, 1024]},
        {"text_embed_0": [1, 768]},
        {"text_embeds": [1, 1280]},
    ],
)
def test_what_an_encoder_gave_is_no_embedding(shapes: dict[str, list[int]]) -> None:
    found = identify(tensors_of(shapes), {})
    assert (found.category, found.code) == ("other", "dataset_cache")


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
        (["down_blocks.0.motion_modules.0.norm.weight", "up_blocks.0.motion_modules.0.norm.weight"], "motion_module"),
        (["redux_down.weight", "redux_up.weight"], "ip_adapter"),
    ],
)  # fmt: skip
def test_look_alikes_are_called_what_they_are(keys: list[str], code: str) -> None:
    found = identify(tensors_of({key: [64, 64] for key in keys}), {})
    assert (found.category, found.code) == ("other", code)


def test_unknown_layers_are_not_guessed() -> None:
    found = identify(tensors_of({f"stage.{number}.op.weight": [64, 64] for number in range(40)}), {})
    assert (found.category, found.families, found.code) == (None, (), None)


UNET = {
    "conv_in.weight": [320, 4, 3, 3],
    "down_blocks.0.resnets.0.conv1.weight": [320, 320, 3, 3],
    "down_blocks.2.attentions.0.transformer_blocks.9.attn1.to_k.weight": [1280, 1280],
    "mid_block.resnets.0.conv1.weight": [1280, 1280, 3, 3],
    "up_blocks.0.resnets.0.conv1.weight": [1280, 2560, 3, 3],
}


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        # diffusers' UNet2DConditionModel in the configurations of Kolors, the x4 upscaler, DeepFloyd IF, Kandinsky 2.2.
        ({"add_embedding.linear_1.weight": [1280, 5632], "encoder_hid_proj.weight": [2048, 4096]}, "kolors"),
        ({"add_embedding.linear_1.weight": [1280, 2816]}, "sdxl"),
        ({"conv_in.weight": [256, 7, 3, 3], "class_embedding.weight": [1000, 1024]}, "sd_x4_upscaler"),
        ({"add_embedding.pool.positional_embedding": [1, 4096]}, "deepfloyd_if"),
        ({"add_embedding.image_norm.weight": [1536]}, "kandinsky2"),
        ({"down_blocks.0.motion_modules.0.norm.weight": [320]}, "animatediff"),
    ],
)
def test_a_unet_of_another_kind_is_not_taken_for_stable_diffusion(shapes: dict[str, list[int]], family: str) -> None:
    found = identify(tensors_of({**UNET, **shapes}), {})
    assert (found.category, found.families) == ("checkpoint", (family,))


@pytest.mark.parametrize(
    ("byt5", "family"),
    # tencent's HunyuanImage 2.1 reads glyphs with a second text encoder; HunyuanVideo has the other names alike.
    [({"byt5_in.fc1.weight": [2048, 1472]}, ()), ({}, ("hunyuan_video",))],
)
def test_hunyuan_image_is_not_hunyuan_video(byt5: dict[str, list[int]], family: tuple[str, ...]) -> None:
    shapes = {
        "double_blocks.0.img_attn_qkv.weight": [9216, 3072],
        "txt_in.individual_token_refiner.blocks.0.mlp.fc1.weight": [12288, 3072],
        "final_layer.linear.weight": [64, 3072],
        "img_in.proj.weight": [3072, 16, 1, 2, 2],
    }
    assert identify(tensors_of({**shapes, **byt5}), {}).families == family


def only_names(item: str) -> dict[str, list[int]]:
    """As a list of keys without shapes, or with packed weights, has them."""
    return {key.removeprefix("model.diffusion_model."): [1] for key in shapes_of(item)}


@pytest.mark.parametrize(
    ("item", "families"),
    [
        ("dif_flux_dev", ("flux1",)),
        ("dif_qwen_image", ("qwen_image",)),
        ("sds_sd3_medium_transformer", ("sd3",)),
        ("comfy_wan21_13b_t2v", ("wan",)),
        ("dif_sdxl_unet", ("sdxl",)),
        ("sds_sdxl_unet_sgm_bare", ("sdxl",)),
        # Names alone do not tell these two apart, in diffusers' names or CompVis'.
        ("dif_sd1_lcm_unet", ("sd1", "sd2")),
    ],
)
@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_a_whole_model_is_known_by_its_names_alone(item: str, families: tuple[str, ...], prefix: str) -> None:
    found = identify(tensors_of({prefix + key: shape for key, shape in only_names(item).items()}), {})
    assert (found.category, found.families) == ("checkpoint", families)


@pytest.mark.parametrize("suffix", [".weight", ".qweight"])
def test_packed_weights_do_not_hide_the_model(suffix: str) -> None:
    """bitsandbytes flattens a weight into one column, SVDQuant and GPTQ name it otherwise."""
    shapes: dict[str, list[int]] = {}
    for name, shape in shapes_of("dif_flux_dev").items():
        packed = name.endswith(".weight") and len(shape) == 2
        shapes[name.removesuffix(".weight") + suffix if packed else name] = [8, 1] if packed else shape
    found = identify(tensors_of(shapes), {})
    assert (found.category, found.families, found.architectures) == (
        "checkpoint",
        ("flux1",),
        ("flux1d", "fluxkontextdev"),
    )


def test_half_a_model_is_not_named_by_its_names() -> None:
    names = sorted(only_names("comfy_wan21_13b_t2v"))
    assert identify(tensors_of({name: [1] for name in names[: len(names) // 2]}), {}).families != ("flux1",)


@pytest.mark.parametrize(
    ("shapes", "families"),
    [
        ({"control_layers.0.attention.to_q.weight": [3840, 3840],
          "control_all_x_embedder.2-1.weight": [3840, 64]}, {"z_image"}),
        ({"controlnet_blocks.0.weight": [2240, 2240], "caption_norm.weight": [2240],
          "patch_embed.proj.weight": [2240, 32, 1, 1]}, {"sana"}),
        ({"controlnet_blocks.0.weight": [1408, 1408], "text_embedding_padding": [333, 1024],
          "time_extra_emb.timestep_embedder.linear_1.weight": [1408, 256]}, {"hunyuan_dit"}),
        ({"controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3], "encoder_hid_proj.weight": [2048, 4096],
          "add_embedding.linear_1.weight": [1280, 5632]}, {"kolors"}),
        ({"control_to_base_for_conv_in.weight": [320, 32, 1, 1],
          "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": [64, 2048]}, {"sdxl"}),
        ({"controlnet_cond_embedding.weight": [320, 5, 3, 3],
          "down_blocks.0.motion_modules.0.norm.weight": [320]}, {"animatediff"}),
        ({"control_blocks.0.norm1.linear_1.weight": [256, 4096],
          "patch_embed_base.proj.weight": [2048, 72]}, {"cosmos"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "controlnet.", "module."])
def test_control_models_of_diffusers_are_known(shapes: dict[str, list[int]], families: set[str], prefix: str) -> None:
    found = identify(tensors_of({prefix + key: shape for key, shape in shapes.items()}), {})
    assert (found.category, set(found.families)) == ("controlnet", families)


@pytest.mark.parametrize(
    ("guidance", "architectures"),
    [({}, ()), ({"time_text_embed.guidance_embedder.linear_1.weight": [3072, 256]}, ("flux1d", "fluxkontextdev"))],
)
def test_a_control_model_without_guidance_may_be_for_any_flux(
    guidance: dict[str, list[int]], architectures: tuple[str, ...]
) -> None:
    shapes = {
        "controlnet_blocks.0.weight": [3072, 3072],
        "transformer_blocks.0.norm1.linear.weight": [18432, 3072],
        "time_text_embed.text_embedder.linear_1.weight": [3072, 768],
    }
    found = identify(tensors_of({**shapes, **guidance}), {})
    assert (found.category, found.families, found.architectures) == ("controlnet", ("flux1",), architectures)


@pytest.mark.parametrize(
    ("shapes", "families"),
    [
        # The AutoencoderKL... classes of diffusers in their published configurations.
        ({"decoder.conv_in.weight": [512, 4, 3, 3], "decoder.time_conv_out.weight": [3, 3, 3, 1, 1]}, {"svd"}),
        ({"decoder.conv_in.weight": [1024, 64, 3, 3]}, {"hunyuan_image"}),
        ({"decoder.conv_in.conv.weight": [512, 16, 3, 3, 3],
          "decoder.mid_block.attentions.0.to_k.weight": [512, 512]}, {"hunyuan_video"}),
        ({"decoder.conv_in.conv.weight": [512, 16, 3, 3, 3],
          "decoder.mid_block.resnets.0.norm1.norm_layer.weight": [512]}, {"cogvideox"}),
        ({"decoder.conv_in.conv.weight": [512, 128, 3, 3, 3]}, {"ltx_video"}),
        ({"decoder.conv_in.weight": [768, 12, 1, 1, 1]}, {"mochi"}),
        ({"decoder.layers.0.weight": [64, 4, 3, 3]}, {"sd1", "sd2", "sdxl", "sdxl_refiner"}),
        ({"decoder.conv_in.weight": [64, 3, 3, 3], "quantize.embedding.weight": [256, 3]}, {"kandinsky2"}),
    ],
)  # fmt: skip
def test_vaes_of_other_models_are_not_stable_diffusions(shapes: dict[str, list[int]], families: set[str]) -> None:
    found = identify(tensors_of(shapes), {})
    assert (found.category, set(found.families)) == ("vae", families)


def test_a_vae_in_a_larger_file_does_not_make_it_one() -> None:
    vae = {f"vae.{key}": shape for key, shape in shapes_of("dif_vae_flux").items()}
    other = {f"model.diffusion_model.stage.{number}.op.weight": [8, 8] for number in range(len(vae) + 1)}
    assert identify(tensors_of({**vae, **other}), {}).category is None


@pytest.mark.parametrize(
    "layer",
    [
        "model.language_model.layers.0.self_attn.q_proj",  # Qwen-VL, Gemma 3
        "model.visual.blocks.0.attn.qkv",
        "language_model.model.layers.0.mlp.up_proj",  # LLaVA
        "encoder.block.0.layer.0.SelfAttention.q",  # T5
        "gpt_neox.layers.0.attention.query_key_value",
        "transformer.encoder.layers.0.self_attention.query_key_value",  # ChatGLM
        "model.layers.0.block_sparse_moe.experts.0.w1",  # Mixtral
        "model.layers.0.mlp.experts.7.gate_proj",
        "vit.encoder.layer.0.attention.attention.query",
        "distilbert.transformer.layer.0.attention.q_lin",
        "transformer.layer.0.ffn.lin1",
    ],
)
def test_adapters_of_other_models_are_known_wherever_their_layers_lie(layer: str) -> None:
    assert identify(adapter({layer: (64, 64)}, "base_model.model.", "peft"), {}).code == "not_an_image_model"


@pytest.mark.parametrize(
    "layer",
    [
        "text_model.encoder.layers.0.self_attn.q_proj",  # CLIP
        "text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj",
        "llm.layers.0.self_attn.qkv_proj",  # OmniGen
        "layers.0.attention.to_q",  # Z-Image
    ],
)
def test_adapters_of_what_makes_images_are_taken_for_no_language_models(layer: str) -> None:
    assert identify(adapter({layer: (64, 64)}, "base_model.model.", "peft"), {}).category == "lora"


def test_an_image_models_layers_may_be_called_as_a_language_models() -> None:
    """ERNIE-Image (diffusers' ErnieImageTransformer2DModel) has feed-forward layers called gate_proj and up_proj."""
    layers = adapter({"layers.0.mlp.gate_proj": (3072, 8192)}, "transformer.", "peft")
    assert identify(layers, {}).category == "lora"
    wrapped = adapter({"layers.0.mlp.gate_proj": (3072, 8192)}, "base_model.model.", "peft")
    assert identify(wrapped, {}).code == "not_an_image_model"
