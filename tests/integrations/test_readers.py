"""What each reader makes of configs that no recorded run has: other methods, other bases, other spellings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rw_hooks.facts import TrainingFacts
from rw_hooks.integration import Run, choose, read_run
from tests.doubles.runs import write_weights


def weights(path: Path, **metadata: str) -> Path:
    """Write the least weights file that has a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"__metadata__": metadata, "x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    write_weights(path, header)
    return path


def values(facts: TrainingFacts) -> dict[str, Any]:
    known = facts.model_dump(exclude_none=True)
    return {name: fact["value"] for name, fact in known.items() if isinstance(fact, dict) and "value" in fact}


def argued(folder: Path, command: str) -> Run:
    return read_run(folder, argv=command.split())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "sdxl_train_network.py --pretrained_model_name_or_path waiNSFWIllustrious_v140.safetensors",
            {"family": "sdxl", "architecture": "illustrious"},
        ),
        ("train_network.py --v2 --network_module networks.lora", {"family": "sd2", "category": "lora"}),
        ("train_network.py --network_module networks.oft", {"category": "lycoris", "architecture": "sd1x"}),
        ("train_network.py --network_module lycoris.kohya --network_args algo=locon", {"category": "lora"}),
        ("train_network.py --network_module lycoris.kohya --network_args preset=full algo=loha",
         {"category": "lycoris"}),
        ("flux_train_network.py --model_type chroma", {"family": "chroma"}),
        (
            "flux_train_network.py --pretrained_model_name_or_path /m/flux1-schnell.safetensors",
            {"family": "flux1", "architecture": "flux1s", "base_model": "flux1-schnell.safetensors"},
        ),
        ("sdxl_train.py --output_name x", {"category": "checkpoint", "family": "sdxl"}),
        ("train_controlnet.py --output_name x --metadata_preprocessor canny",
         {"category": "controlnet", "conditioning": "canny"}),
        ("sdxl_train_control_net_lllite.py --output_name x", {"family": "sdxl"}),
        ("train_textual_inversion.py --token_string sks --metadata_is_negative_embedding",
         {"category": "embeddings", "type": "negative", "trigger_words": ("sks",)}),
        ("train_network.py --huggingface_repo_id a/b", {"private": True}),
    ],
)  # fmt: skip
def test_sd_scripts(command: str, expected: dict[str, Any], tmp_path: Path) -> None:
    run = argued(tmp_path, f"accelerate launch {command}")
    assert run.trainer == "kohya"
    found = values(run.facts)
    assert {name: found.get(name) for name in expected} == expected
    assert ("category" in found) is ("category" in expected or "network_module" in command)


def test_a_public_repository_does_not_make_the_model_public(tmp_path: Path) -> None:
    run = argued(tmp_path, "train_network.py --huggingface_repo_id a/b --huggingface_repo_visibility public")
    assert run.facts.private is None


def test_a_fine_tunes_sample_prompts_give_its_defaults(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("# mine\na cat --n bad --w 1024 --l 6.5 --s 28 --ss dpmsolver++\n", encoding="utf-8")
    facts = argued(tmp_path, f"sdxl_train.py --sample_prompts {prompts} --sample_sampler ddim").facts
    assert (facts.steps and facts.steps.value, facts.cfg and facts.cfg.value) == (28, 6.5)
    assert facts.scheduler is not None
    assert (facts.scheduler.value, facts.scheduler.source) == ("DPM++ 2M", "prompts.txt: --ss")


def test_sd_scripts_config_file_is_joined_under_the_command_line(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text('[names]\noutput_name = "maya"\n[meta]\nmetadata_title = "Maya"\n', encoding="utf-8")
    facts = argued(tmp_path, f"train_network.py --config_file {config} --metadata_title Mine").facts
    assert facts.name is not None
    assert (facts.name.value, facts.name.source) == ("Mine", "command line: --metadata_title")


def test_kohyas_folder_convention_gives_the_trigger_words(tmp_path: Path) -> None:
    for name in ("10_zkchr7 person", "5_inkdraw", "reg", "log"):
        (tmp_path / "img" / name).mkdir(parents=True)
    facts = argued(tmp_path, f"train_network.py --train_data_dir {tmp_path / 'img'}").facts
    assert facts.trigger_words is not None
    assert facts.trigger_words.value == ("zkchr7 person", "inkdraw")
    assert facts.trigger_words.strength == "derived"


def test_a_dataset_without_class_tokens_falls_back_to_its_folder_names(tmp_path: Path) -> None:
    dataset = tmp_path / "dataset.toml"
    dataset.write_text(
        "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '/d/3_sks toy'\n"
        "[[datasets.subsets]]\nimage_dir = '/d/1_toy'\nis_reg = true\n",
        encoding="utf-8",
    )
    facts = argued(tmp_path, f"train_network.py --dataset_config {dataset}").facts
    assert facts.trigger_words is not None
    assert facts.trigger_words.value == ("sks toy",)


def test_the_guis_config_of_this_file_is_taken_among_those_of_others(tmp_path: Path) -> None:
    for name, time in (("maya2", "091500"), ("maya", "101500"), ("tree", "111500")):
        (tmp_path / f"config_lora-20261101-{time}.toml").write_text(
            f'output_name = "{name}"\nnetwork_module = "networks.lora"\nmetadata_title = "The {name}"\n',
            encoding="utf-8",
        )
        weights(tmp_path / f"{name}.safetensors")
        weights(tmp_path / f"{name}-000004.safetensors")
    for name in ("maya", "maya2"):
        for save in (name, f"{name}-000004"):
            assert values(read_run(tmp_path / f"{save}.safetensors").facts)["name"] == f"The {name}"
    assert values(read_run(tmp_path).facts)["name"] == "The tree"
    assert [artifact.path.name for artifact in choose(read_run(tmp_path)).artifacts] == ["tree.safetensors"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("zimage_train_network.py --network_module networks.lora_zimage", {"family": "z_image", "category": "lora"}),
        ("qwen_image_train_network.py --edit", {"family": "qwen_image", "other_variant": True}),
        ("qwen_image_train_network.py", {"family": "qwen_image", "architecture": "qwen_image"}),
        ("qwen_image_train.py", {"category": "checkpoint", "architecture": "qwen_image"}),
        ("-m musubi_tuner.flux_kontext_train_network", {"architecture": "fluxkontextdev"}),
        ("flux_2_train_network.py --network_module networks.loha", {"family": "flux2", "category": "lycoris"}),
    ],
)
def test_musubi(command: str, expected: dict[str, Any], tmp_path: Path) -> None:
    run = argued(tmp_path, f"accelerate launch {command}")
    assert run.trainer == "musubi"
    assert expected.items() <= values(run.facts).items()


def test_musubis_caches_must_not_be_published(tmp_path: Path) -> None:
    weights(tmp_path / "toy_wan.safetensors", architecture="wan", caption1="a toy")
    weights(tmp_path / "mine.safetensors", ss_base_model_version="wan")
    choice = choose(read_run(tmp_path))
    assert [artifact.path.name for artifact in choice.artifacts] == ["mine.safetensors"]
    assert [artifact.reason for artifact in choice.refused] == ["a latent or text encoder cache"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "train_dreambooth_lora_flux_kontext.py --pretrained_model_name_or_path /m/mine --rank 16",
            {"family": "flux1", "architecture": "fluxkontextdev", "category": "lora", "base_model": "mine"},
        ),
        (
            "train_dreambooth_lora_sdxl.py --pretrained_model_name_or_path stabilityai/stable-diffusion-xl-base-1.0",
            {"architecture": "sdxl", "category": "lora"},
        ),
        ("train_controlnet_sdxl.py --pretrained_model_name_or_path x/y", {"category": "controlnet", "family": "sdxl"}),
        ("train_text_to_image.py --pretrained_model_name_or_path runwayml/stable-diffusion-v1-5",
         {"category": "checkpoint", "architecture": "sd1x"}),
        ("train_dreambooth_lora_flux2.py --pretrained_model_name_or_path black-forest-labs/FLUX.2-dev",
         {"family": "flux2"}),
        ("train_dreambooth_lora.py --pretrained_model_name_or_path x/y --hub_model_id me/my-style --output_dir out",
         {"name": "my-style"}),
    ],
)  # fmt: skip
def test_diffusers_scripts(command: str, expected: dict[str, Any], tmp_path: Path) -> None:
    run = argued(tmp_path, f"accelerate launch {command}")
    assert run.trainer == "diffusers"
    assert expected.items() <= values(run.facts).items()


@pytest.mark.parametrize("folder", ["hidream-dreambooth-lora", "flux-dreambooth-lora", "lora-dreambooth-model", "."])
def test_a_scripts_default_folder_is_no_name(folder: str, tmp_path: Path) -> None:
    run = argued(tmp_path, f"train_dreambooth_lora.py --pretrained_model_name_or_path x/y --output_dir {folder}")
    assert run.facts.name is None


def test_a_controlnet_is_taken_from_the_folders_top(tmp_path: Path) -> None:
    weights(tmp_path / "diffusion_pytorch_model.safetensors")
    weights(tmp_path / "checkpoint-500" / "controlnet" / "diffusion_pytorch_model.safetensors")
    choice = choose(argued(tmp_path, "train_controlnet.py --pretrained_model_name_or_path x/y"))
    assert [artifact.path for artifact in choice.artifacts] == [tmp_path / "diffusion_pytorch_model.safetensors"]
    assert [artifact.reason for artifact in choice.refused] == ["a training state, for resuming"]


def test_a_broken_model_card_is_a_warning(tmp_path: Path) -> None:
    weights(tmp_path / "pytorch_lora_weights.safetensors")
    (tmp_path / "README.md").write_text("---\ntags: [a\n---\n", encoding="utf-8")
    run = read_run(tmp_path)
    assert (run.trainer, run.warnings) == ("diffusers", ("README.md is broken: ParserError",))


def aitk(folder: Path, **process: Any) -> TrainingFacts:
    process = {"type": "sd_trainer", "model": {"name_or_path": "x/y"}, **process}
    config = {"job": "extension", "config": {"name": "maya", "process": [process]}, "meta": {"version": "1.0"}}
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    run = read_run(folder)
    assert run.trainer == "ai_toolkit"
    return run.facts


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        ({"model": {"name_or_path": "black-forest-labs/FLUX.1-dev", "is_flux": True}}, {"architecture": "flux1d"}),
        ({"model": {"name_or_path": "/m/mine", "is_xl": True}}, {"family": "sdxl"}),
        ({"model": {"name_or_path": "/m/ponyXL", "arch": "sdxl"}}, {"architecture": "pony"}),
        ({"model": {"name_or_path": "x/y", "arch": "qwen_image_edit_plus"}}, {"other_variant": True}),
        ({"model": {"name_or_path": "x/y", "arch": "hidream"}, "network": {"type": "lokr"}}, {"category": "lycoris"}),
        ({"embedding": {"tokens": 4}, "trigger_word": "sks"}, {"category": "embeddings", "trigger_words": ("sks",)}),
        ({}, {"category": "checkpoint"}),
        ({"save": {"hf_private": True}}, {"private": True}),
    ],
)
def test_ai_toolkit(process: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    assert expected.items() <= values(aitk(tmp_path, **process)).items()


def test_ai_toolkits_alpha_counts_only_where_it_is_kept(tmp_path: Path) -> None:
    network = {"type": "lora", "linear": 16, "linear_alpha": 8}
    assert aitk(tmp_path, network=network, model={"arch": "sdxl"}).summary["alpha"] == "8"
    assert "alpha" not in aitk(tmp_path, network=network, model={"arch": "flux"}).summary


def simpletuner(folder: Path, **options: Any) -> Run:
    (folder / "simpletuner_config.json").write_text(
        json.dumps({"model_family": "sdxl", "model_type": "lora", **options}), encoding="utf-8"
    )
    return read_run(folder)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"model_family": "flux", "model_flavour": "schnell"}, {"architecture": "flux1s"}),
        ({"model_family": "hidream", "model_flavour": "full"}, {"architecture": "hidreamfull"}),
        ({"pretrained_model_name_or_path": "/m/illustriousXL.safetensors"}, {"architecture": "illustrious"}),
        ({"model_family": "sd1x"}, {"architecture": "sd1x"}),
        ({"model_type": "full"}, {"category": "checkpoint"}),
        ({"tracker_run_name": "simpletuner-testing", "hub_model_id": "me/ink"}, {"name": "ink"}),
        ({"instance_prompt": "zkchr7 person"}, {"trigger_words": ("zkchr7 person",)}),
        ({"validation_noise_scheduler": "euler", "validation_guidance": "7"}, {"scheduler": "Euler", "cfg": 7.0}),
    ],
)
def test_simpletuner(options: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    run = simpletuner(tmp_path, **options)
    assert run.trainer == "simpletuner"
    assert expected.items() <= values(run.facts).items()


@pytest.mark.parametrize(("algorithm", "category"), [("lokr", "lycoris"), ("lora", "lora")])
def test_simpletuners_lycoris_config_tells_the_category(algorithm: str, category: str, tmp_path: Path) -> None:
    (tmp_path / "lycoris_config.json").write_text(json.dumps({"algo": algorithm}), encoding="utf-8")
    run = simpletuner(tmp_path, lora_type="lycoris", lora_rank=16, lora_alpha=8)
    assert values(run.facts)["category"] == category


def test_simpletuners_step_and_words_come_from_the_newest_checkpoint(tmp_path: Path) -> None:
    weights(tmp_path / "pytorch_lora_weights.safetensors")
    for step in ("500", "1500"):
        name = tmp_path / f"checkpoint-{step}" / "pytorch_lora_weights.safetensors"
        weights(name, global_step=step, trained_words=f"word{step}, second")
    weights(tmp_path / "checkpoint-1500" / "ema" / "ema_model.safetensors")
    run = simpletuner(tmp_path, max_train_steps=0)
    assert values(run.facts)["version"] == "step-1500"
    assert values(run.facts)["trigger_words"] == ("word1500", "second")
    assert [artifact.role for artifact in choose(run, "all").artifacts if artifact.role != "main"] == ["ema"]


def test_a_hand_written_simpletuner_config_has_dashes(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"--model_family": "sd3", "--model_type": "lora"}), encoding="utf-8")
    run = read_run(tmp_path, config=config)
    assert (run.trainer, values(run.facts)["architecture"]) == ("simpletuner", "sd3")


def onetrainer(folder: Path, **options: Any) -> Run:
    config = folder / "config" / "run.json"
    config.parent.mkdir(exist_ok=True)
    known = {"training_method": "LORA", "model_type": "STABLE_DIFFUSION_XL_10_BASE", **options}
    config.write_text(json.dumps(known), encoding="utf-8")
    return read_run(folder)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"peft_type": "LOHA"}, {"category": "lycoris", "family": "sdxl"}),
        ({"base_model_name": "/m/ponyDiffusionV6XL.safetensors"}, {"architecture": "pony"}),
        ({"training_method": "FINE_TUNE", "model_type": "STABLE_DIFFUSION_15_INPAINTING"},
         {"category": "checkpoint", "type": "inpainting", "architecture": "sd1x"}),
        ({"training_method": "FINE_TUNE"}, {"category": "checkpoint", "type": "base"}),
        ({"training_method": "FINE_TUNE_VAE"}, {"category": "vae"}),
        ({"training_method": "EMBEDDING", "embedding": {"placeholder": "<ink>"}},
         {"category": "embeddings", "trigger_words": ("<ink>",)}),
        ({"model_type": "HI_DREAM_FULL"}, {"architecture": "hidreamfull"}),
        ({"output_model_destination": "/out/2026-11-01_10-15-00.safetensors", "save_filename_prefix": "ink-"},
         {"name": "ink-"}),
        ({"samples": [{"diffusion_steps": 28, "cfg_scale": 6, "noise_scheduler": "EULER_A"}]},
         {"steps": 28, "cfg": 6.0, "scheduler": "Euler a"}),
    ],
)  # fmt: skip
def test_onetrainer(options: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    run = onetrainer(tmp_path, **options)
    assert run.trainer == "onetrainer"
    assert expected.items() <= values(run.facts).items()


def test_onetrainers_concepts_in_a_file_of_their_own_are_a_hint(tmp_path: Path) -> None:
    concepts = tmp_path / "concepts.json"
    concepts.write_text(json.dumps([{"name": "ink"}, {"name": "reg", "enabled": False}]), encoding="utf-8")
    run = onetrainer(tmp_path, concept_file_name=str(concepts))
    assert run.facts.trigger_words is not None
    assert (run.facts.trigger_words.value, run.facts.trigger_words.strength) == (("ink",), "suggested")


def test_onetrainers_folded_alpha_is_not_told(tmp_path: Path) -> None:
    rank = {"lora_rank": 16, "lora_alpha": 1.0}
    assert onetrainer(tmp_path, **rank, output_model_format="KOHYA_LORA").facts.summary["alpha"] == "1.0"
    assert "alpha" not in onetrainer(tmp_path, **rank, output_model_format="DIFFUSERS_LORA").facts.summary


def diffusion_pipe(folder: Path, model: str, adapter: str = '[adapter]\ntype = "lora"\nrank = 32\n') -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "run.toml"
    path.write_text(
        f"output_dir = '/runs/ink'\ndataset = 'd.toml'\nmax_steps = 1000\n[model]\n{model}\n{adapter}", encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("type = 'flux'\ndiffusers_path = '/m/FLUX.1-Kontext-dev'", {"architecture": "fluxkontextdev"}),
        ("type = 'flux'\ndiffusers_path = '/m/FLUX.1-dev'", {"architecture": "flux1d", "category": "lora"}),
        ("type = 'sdxl'\ncheckpoint_path = '/m/ponyDiffusionV6XL.safetensors'", {"architecture": "pony"}),
        ("type = 'z_image'\ntransformer_path = '/m/z.safetensors'", {"family": "z_image"}),
    ],
)
def test_diffusion_pipe(model: str, expected: dict[str, Any], tmp_path: Path) -> None:
    diffusion_pipe(tmp_path, model)
    run = read_run(tmp_path)
    assert run.trainer == "diffusion_pipe"
    assert expected.items() <= values(run.facts).items()


def test_without_an_adapter_diffusion_pipe_trains_a_checkpoint(tmp_path: Path) -> None:
    diffusion_pipe(tmp_path, "type = 'sdxl'", adapter="")
    assert values(read_run(tmp_path).facts)["category"] == "checkpoint"


def test_the_newest_run_of_an_output_folder_is_read_and_unfinished_saves_are_refused(tmp_path: Path) -> None:
    for run, steps in (("20261031_10-00-00", (1000,)), ("20261101_10-00-00", (500, 1000, 1500))):
        for step in steps:
            save = tmp_path / run / f"step{step}"
            weights(save / "adapter_model.safetensors")
            diffusion_pipe(save, "type = 'flux'")
    (tmp_path / "20261101_10-00-00" / "step1500" / "tmp").mkdir()
    choice = choose(read_run(tmp_path))
    assert [path.parent.parts[-2:] for path in (choice.artifacts[0].path,)] == [("20261101_10-00-00", "step1000")]
    assert [artifact.reason for artifact in choice.refused] == ["the save is not complete"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"model_paths": '[["/m/flux1-dev.safetensors"], "/m/ae.safetensors"]', "lora_base_model": "dit"},
         {"architecture": "flux1d", "category": "lora", "base_model": "flux1-dev.safetensors"}),
        ({"model_paths": "not json", "lora_base_model": "dit"}, {"category": "lora"}),
        ({"model_id_with_origin_paths": "Wan-AI/Wan2.1-T2V-1.3B:diffusion*.safetensors"},
         {"family": "wan", "category": "checkpoint"}),
    ],
)  # fmt: skip
def test_diffsynth(arguments: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "training_args.json").write_text(json.dumps(arguments), encoding="utf-8")
    run = read_run(tmp_path)
    assert run.trainer == "diffsynth"
    assert expected.items() <= values(run.facts).items()


def test_diffsynths_files_are_recognised_by_name_alone(tmp_path: Path) -> None:
    for step in (500, 1000):
        weights(tmp_path / f"step-{step}.safetensors")
    run = read_run(tmp_path)
    assert run.trainer == "diffsynth"
    assert [artifact.path.stem for artifact in choose(run).artifacts] == ["step-1000"]


def test_the_trainers_best_checkpoint_has_the_only_score(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        folder = tmp_path / f"checkpoint-{step}"
        weights(folder / "adapter_model.safetensors")
        state = {"global_step": step, "best_model_checkpoint": "/elsewhere/checkpoint-2"}
        (folder / "trainer_state.json").write_text(json.dumps(state), encoding="utf-8")
    config = {"peft_type": "LOKR", "base_model_name_or_path": "stabilityai/stable-diffusion-xl-base-1.0", "r": 8}
    (tmp_path / "checkpoint-3" / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    run = read_run(tmp_path)
    assert run.trainer == "transformers"
    assert {"category": "lycoris", "architecture": "sdxl", "version": "step-3"}.items() <= values(run.facts).items()
    assert [artifact.path.parent.name for artifact in choose(run, "best").artifacts] == ["checkpoint-2"]


def test_lightnings_hyperparameters_are_read_where_their_names_are_usual(tmp_path: Path) -> None:
    weights(tmp_path / "export.safetensors")
    logs = tmp_path / "lightning_logs" / "version_0"
    logs.mkdir(parents=True)
    (logs / "hparams.yaml").write_text("base_model: Qwen/Qwen-Image\ntrigger_word: ink\nrank: 8\n", encoding="utf-8")
    run = read_run(tmp_path)
    assert run.trainer == "lightning"
    assert {"architecture": "qwen_image", "trigger_words": ("ink",)}.items() <= values(run.facts).items()
    assert [artifact.path.name for artifact in choose(run).artifacts] == ["export.safetensors"]


@pytest.mark.parametrize(
    "result",
    [
        {"diffusers_lora_file": {"url": "https://v3.fal.media/a.safetensors?sig=x"}},
        {"data": {"lora_file": {"url": "https://v3.fal.media/a.safetensors", "file_name": "a.safetensors"}}},
    ],
)
def test_fals_result_is_found_however_a_client_wraps_it(result: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result), encoding="utf-8")
    chosen = choose(read_run(path)).artifacts
    assert [artifact.path.name for artifact in chosen] == ["a.safetensors"]
    assert read_run(path).facts.name is None


@pytest.mark.parametrize(
    "result", ["{}", "[]", '{"lora_file": {"url": "file:///etc/passwd"}}', '{"lora_file": 1}', "{"]
)
def test_a_json_that_is_no_result_gives_nothing(result: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(result, encoding="utf-8")
    assert choose(read_run(path)).artifacts == ()


@pytest.mark.parametrize("trainer", ["musubi", "diffusion_pipe"])
def test_captions_on_this_machine_are_a_hint_and_no_more(trainer: str, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number, caption in enumerate(("inkdraw, a fox", "a dog, inkdraw")):
        (images / f"{number}.txt").write_text(caption, encoding="utf-8")
    dataset = tmp_path / "set.toml"
    place = images.as_posix()
    if trainer == "musubi":
        dataset.write_text(f"[[datasets]]\nimage_directory = '{place}'\n", encoding="utf-8")
        run = argued(tmp_path, f"wan_train_network.py --dataset_config {dataset}")
    else:
        dataset.write_text(f"[[directory]]\npath = '{place}'\n", encoding="utf-8")
        config = tmp_path / "run.toml"
        config.write_text(f"dataset = '{dataset.as_posix()}'\n[model]\ntype = 'flux'\n", encoding="utf-8")
        run = read_run(tmp_path, config=config)
    assert run.trainer == trainer
    assert run.facts.trigger_words is not None
    assert (run.facts.trigger_words.value, run.facts.trigger_words.strength) == (("inkdraw",), "suggested")
