from __future__ import annotations

import json
from typing import Any

import pytest

from rw_hooks.architectures import ARCHITECTURES
from rw_hooks.artifact.claims import read_claims
from rw_hooks.artifact.identify.base_models import base_hash, base_name, base_version
from rw_hooks.artifact.identify.kind import Identity
from rw_hooks.artifact.identify.resolve import decide
from rw_hooks.artifact.model import Claims

PONY = "67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3"


@pytest.mark.parametrize(
    ("value", "family", "architecture"),
    [
        ("sd_v1", "sd1", "sd1x"),
        ("sd_1.5", "sd1", "sd1x"),
        ("stable-diffusion-v1/lora", "sd1", "sd1x"),
        ("sd_v2_768_v", "sd2", None),
        ("stable-diffusion-v2-768-v/lora", "sd2", None),
        ("sdxl_base_v1-0", "sdxl", None),
        ("sdxl_", "sdxl", None),
        ("sdxl_1.0", "sdxl", None),
        ("stable-diffusion-xl-v1-base/lora", "sdxl", None),
        ("stable-diffusion-xl-turbo-v1", "sdxl", "sdxlturbo"),
        ("stable-diffusion-xl-v1-refiner", "sdxl_refiner", None),
        ("medium", "sd3", "sd3"),
        ("5-large", "sd3", "sd3"),
        ("stable-diffusion-3-m/lora", "sd3", "sd3"),
        ("flux1", "flux1", None),
        ("flux.1", "flux1", None),
        ("flux-1", "flux1", None),
        ("flux1-dev", "flux1", "flux1d"),
        ("flux-1-dev/lora", "flux1", "flux1d"),
        ("Flux.1-dev/lora", "flux1", "flux1d"),
        ("flux-1-schnell/lora", "flux1", "flux1s"),
        ("flux_kontext", "flux1", "fluxkontextdev"),
        ("flux.1_kontext", "flux1", "fluxkontextdev"),
        ("flux_2_klein_4b", "flux2", None),
        ("Flux.2-klein-9b/lora", "flux2", None),
        ("chroma/lora", "chroma", None),
        ("qwen_image", "qwen_image", "qwen_image"),
        ("Qwen-Image-Edit-2511/lora", "qwen_image", None),
        ("z_image", "z_image", None),
        ("zimage", "z_image", None),
        ("lumina-2/lora", "lumina2", None),
        ("hidream_i1", "hidream", None),
        ("HI_DREAM_FULL", "hidream", "hidreamfull"),
        ("hidream_o1_image", "hidream_o1", None),
        ("wan2.1/lora", "wan", None),
        ("wan_2.2_14b", "wan", None),
        ("krea2", "krea2", None),
    ],
)
def test_trainers_words_name_the_base(value: str, family: str, architecture: str | None) -> None:
    named = base_version(value)
    assert named is not None
    assert (named.family, named.architecture) == (family, architecture)
    assert architecture is None or architecture in ARCHITECTURES


@pytest.mark.parametrize("value", ["", "None", "something-new", "my model"])
def test_unknown_words_name_nothing(value: str) -> None:
    assert base_version(value) is None


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("ponyDiffusionV6XL_v6StartWithThisOne.safetensors", "pony"),
        ("Illustrious-XL-v0.1.safetensors", "illustrious"),
        ("OnomaAIResearch/Illustrious-xl-early-release-v0", "illustrious"),
        ("sd_xl_turbo_1.0.safetensors", "sdxlturbo"),
        ("black-forest-labs/FLUX.1-schnell", "flux1s"),
        ("flux1-dev.safetensors", "flux1d"),
        ("flux1-kontext-dev.safetensors", "fluxkontextdev"),
        ("HiDream-ai/HiDream-I1-Full", "hidreamfull"),
    ],
)
def test_names_of_bases_name_the_child(name: str, architecture: str) -> None:
    named = base_name(name)
    assert named is not None
    assert named.architecture == architecture


@pytest.mark.parametrize("name", ["290640.safetensors", "model.safetensors", "noobaiXL.safetensors"])
def test_names_that_say_nothing_name_nothing(name: str) -> None:
    assert base_name(name) is None


def test_a_known_hash_names_the_child() -> None:
    assert base_hash("0x" + PONY.upper()) == base_hash(PONY)
    named = base_hash(PONY)
    assert named is not None
    assert named.architecture == "pony"
    assert base_hash("0" * 64) is None


@pytest.mark.parametrize(
    ("metadata", "architecture", "source"),
    [
        ({"ss_base_model_version": "sdxl_base_v1-0", "ss_new_sd_model_hash": PONY}, "pony", "ss_new_sd_model_hash"),
        ({"ss_base_model_version": "sdxl_base_v1-0", "ss_sd_model_name": "autismmixSDXL.safetensors"}, "pony",
         "ss_sd_model_name"),
        ({"ss_base_model_version": "flux_kontext", "modelspec.architecture": "Flux.1-dev/lora"}, "fluxkontextdev",
         "ss_base_model_version"),
        ({"ss_base_model_version": "flux1", "modelspec.architecture": "flux-1-dev/lora",
          "ss_sd_model_name": "flux1-schnell.safetensors"}, "flux1s", "ss_sd_model_name"),
        ({"ss_base_model_version": "flux1", "modelspec.architecture": "flux-1-dev/lora"}, "flux1d",
         "modelspec.architecture"),
        ({"ss_base_model_version": "qwen_image_edit", "modelspec.architecture": "Qwen-Image/lora"}, None, None),
        ({"ss_base_model_version": "sdxl_base_v1-0"}, None, None),
    ],
)  # fmt: skip
def test_the_most_specific_claim_holds(metadata: dict[str, str], architecture: str | None, source: str | None) -> None:
    claims = read_claims(metadata)
    assert claims.architecture == architecture
    assert claims.sources.get("architecture") == source


def test_values_that_mean_absent_are_absent() -> None:
    claims = read_claims(
        {"ss_network_dim": "None", "ss_network_alpha": "", "ss_training_comment": "null", "ss_sd_model_name": "None",
         "ss_new_sd_model_hash": "IsADirectory", "ss_epoch": "soon", "ss_output_name": "style"}
    )  # fmt: skip
    assert claims == Claims(output_name="style", sources={"output_name": "ss_output_name"})


def test_onetrainers_template_is_not_believed() -> None:
    claims = read_claims(
        {"ot_branch": "master", "ot_revision": "abc", "modelspec.author": "StabilityAI", "modelspec.title": "SDXL LoRA",
         "modelspec.license": "CreativeML", "modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}
    )  # fmt: skip
    assert (claims.trainer, claims.trainer_version) == ("onetrainer", "abc")
    assert (claims.author, claims.title, claims.license) == (None, None, None)
    assert claims.family == "sdxl"


@pytest.mark.parametrize(
    ("metadata", "trainer"),
    [
        ({"modelspec.implementation_version": "sd-scripts/48d368f"}, "kohya"),
        ({"ss_sd_scripts_commit_hash": "48d368f"}, "kohya"),
        ({"ss_num_train_items": "4", "ss_base_model_version": "wan"}, "musubi"),
        ({"software": '{"name": "ai-toolkit", "version": "0.12"}'}, "ai_toolkit"),
        ({"trained_words": "a,b", "lora_adapter_metadata": "{}"}, "simpletuner"),
        ({"lora_adapter_metadata": "{}"}, "diffusers"),
        ({"format": "pt"}, None),
        ({"software": "[" * 5000}, None),
    ],
)
def test_each_trainer_leaves_its_mark(metadata: dict[str, str], trainer: str | None) -> None:
    assert read_claims(metadata).trainer == trainer


def datasets(*subsets: dict[str, Any]) -> str:
    return json.dumps([{"subsets": list(subsets)}])


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"modelspec.trigger_phrase": "ohwx man", "ss_tag_frequency": '{"5_other": {}}'}, ("ohwx man",)),
        ({"trained_words": "a, b ,a"}, ("a", "b")),
        ({"ss_datasets": datasets({"class_tokens": "sks dog"}, {"class_tokens": "dog", "is_reg": True})}, ("sks dog",)),
        ({"ss_tag_frequency": '{"10_ohwx man": {"x": 1}}'}, ("ohwx man",)),
        ({"ss_tag_frequency": '{"10_a": {}, "5_b": {}}'}, ()),
        ({"ss_tag_frequency": '{"10_a": {}, "1_man": {}}', "ss_reg_dataset_dirs": '{"1_man": {}}'}, ("a",)),
        ({"ss_tag_frequency": '{"images": {}}'}, ()),
        ({"software": '{"name": "ai-toolkit"}', "ss_tag_frequency": '{"1_t0k": {"t0k": 1}}'}, ("t0k",)),
        ({"ss_tag_frequency": "not json"}, ()),
    ],
)
def test_trigger_words_come_from_where_the_trainer_says_them(metadata: dict[str, str], words: tuple[str, ...]) -> None:
    assert read_claims(metadata).trigger_words == words


def test_tags_of_every_caption_are_suggested() -> None:
    claims = read_claims(
        {"ss_tag_frequency": '{"2_a": {"sks": 4, "ball": 4, "red": 1}, "1_b": {"sks": 2, "red": 2}}',
         "ss_dataset_dirs": '{"2_a": {"img_count": 4}, "1_b": {"img_count": 2}}'}
    )  # fmt: skip
    assert claims.caption_tags == ("sks",)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("/home/me/models/base.safetensors", "base.safetensors"),
        ("C:\\models\\base.safetensors", "base.safetensors"),
        ("owner/repository", "owner/repository"),
        ("base.safetensors", "base.safetensors"),
    ],
)
def test_a_base_models_path_is_not_kept(name: str, kept: str) -> None:
    assert read_claims({"ss_sd_model_name": name}).base_model == kept


def test_peft_configuration_gives_rank_and_alpha() -> None:
    config = {"transformer.r": 16, "transformer.lora_alpha": 32, "transformer.target_modules": ["to_q"]}
    claims = read_claims({"lora_adapter_metadata": json.dumps(config)})
    assert (claims.rank, claims.alpha) == (16, 32)


@pytest.mark.parametrize("value", ["nan", "-inf", "1e999"])
def test_what_is_no_number_is_absent(value: str) -> None:
    assert read_claims({"ss_network_dim": value, "ss_network_alpha": value, "ss_epoch": value}) == Claims()


def test_numbers_that_no_float_holds_are_absent() -> None:
    claims = read_claims({"lora_adapter_metadata": json.dumps({"r": 10**400, "lora_alpha": 10**400})})
    assert (claims.rank, claims.alpha) == (None, None)


@pytest.mark.parametrize(
    ("families", "claims", "family", "architecture", "codes"),
    [
        (("sdxl",), Claims(family="sdxl", architecture="pony"), "sdxl", "pony", set()),
        (("sdxl",), Claims(family="sdxl"), "sdxl", "sdxl", set()),
        (("sdxl",), Claims(), "sdxl", "sdxl", set()),
        (("sd1",), Claims(family="sdxl", architecture="pony"), "sd1", "sd1x", {"contradicting_claim"}),
        (("flux1", "chroma"), Claims(family="chroma"), "chroma", None, set()),
        (("flux1", "chroma"), Claims(family="flux1", architecture="flux1d"), "flux1", "flux1d", set()),
        (("flux1", "chroma"), Claims(), None, None, set()),
        (("qwen_image",), Claims(family="qwen_image", other_variant=True), "qwen_image", None, set()),
        ((), Claims(family="sdxl", architecture="pony"), None, None, set()),
    ],
)
def test_claims_choose_only_among_what_structure_leaves_open(
    families: tuple[str, ...], claims: Claims, family: str | None, architecture: str | None, codes: set[str]
) -> None:
    decision = decide(Identity("lora", families=families), claims)
    assert (decision.family, decision.architecture) == (family, architecture)
    assert {finding.code for finding in decision.findings} == codes
    assert architecture is None or architecture in decision.candidates


def test_a_claim_against_the_structure_within_a_family_is_not_believed() -> None:
    identity = Identity("checkpoint", families=("flux1",), architectures=("flux1s",))
    decision = decide(identity, Claims(family="flux1", architecture="flux1d"))
    assert (decision.architecture, decision.candidates) == ("flux1s", ("flux1s",))
    assert [finding.code for finding in decision.findings] == ["contradicting_claim"]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("key", ["ss_sd_model_name", "modelspec.architecture", "ss_base_model_version"])
@pytest.mark.parametrize("piece", ["flux", "flux-", "sd_v2", "z"])
def test_a_name_of_a_megabyte_is_read_in_a_moment(key: str, piece: str) -> None:
    assert read_claims({key: piece * 1_000_000}).architecture is None
