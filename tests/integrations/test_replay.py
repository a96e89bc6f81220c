"""Every recorded run, read without a single flag: the chosen file, every field, and a source for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rw_hooks.artifact import inspect
from rw_hooks.config.settings import load
from rw_hooks.describe import Description, describe
from rw_hooks.errors import MissingError
from rw_hooks.integration import choose, read_run
from rw_hooks.runware import build_upload
from tests.doubles.runs import RUNS, unfold

EXPECTED: dict[str, dict[str, Any]] = json.loads((RUNS / "expected.json").read_text(encoding="utf-8"))
PUBLISHED = sorted(run for run, expected in EXPECTED.items() if expected.get("fields", {}).get("category"))
CONSTANT = {"taskType", "format", "uniqueIdentifier"}


def described(path: Path, config: Path | None = None, **options: Any) -> Description:
    run = read_run(path, config=config)
    assert run.warnings == ()
    return describe(inspect(path), run.facts, load(options, environ={}, directory=path.parent))


@pytest.mark.parametrize("run", sorted(EXPECTED))
def test_the_trainer_is_recognised_and_its_result_chosen(run: str, recorded: Callable[[str], Path]) -> None:
    folder, expected = recorded(run), EXPECTED[run]
    read = read_run(folder / expected["read"])
    assert read.trainer == expected["trainer"]
    chosen = choose(read).artifacts
    if expected["chosen"] is None:
        assert chosen == ()
    elif "url" in expected:
        assert [(artifact.path.name, artifact.url) for artifact in chosen] == [(expected["chosen"], expected["url"])]
    else:
        assert [artifact.path.relative_to(folder).as_posix() for artifact in chosen] == [expected["chosen"]]


@pytest.mark.parametrize("run", PUBLISHED)
def test_every_field_is_as_the_run_says_and_has_a_source(run: str, recorded: Callable[[str], Path]) -> None:
    expected = EXPECTED[run]
    description = described(recorded(run) / expected["chosen"])
    fields = {name: value for name, value in description.fields.items() if name not in CONSTANT}
    assert json.loads(json.dumps(fields)) == expected["fields"]
    assert set(description.sources) == {*description.fields, "air"}
    assert all(description.sources.values())
    assert (description.hero_file.name if description.hero_file else None) == expected.get("hero")
    assert description.suggestions.get("trigger_words") == expected.get("suggested")
    assert [missing.flag for missing in description.missing] == expected.get("missing", [])


@pytest.mark.parametrize("run", PUBLISHED)
def test_what_is_described_is_a_request_that_the_client_takes(run: str, recorded: Callable[[str], Path]) -> None:
    path = recorded(run) / EXPECTED[run]["chosen"]
    given = {"architecture": "sdxl"} if EXPECTED[run].get("missing") else {}
    fields = dict(described(path, **given).fields)
    assert fields.pop("taskType") == "modelUpload"
    request = build_upload({**fields, "air": "org:1@1"})
    assert request.name == fields["name"]


@pytest.mark.parametrize("run", [run for run in PUBLISHED if EXPECTED[run].get("missing")])
def test_what_no_file_can_tell_is_asked_for_and_taken_from_the_flag(run: str, recorded: Callable[[str], Path]) -> None:
    path = recorded(run) / EXPECTED[run]["chosen"]
    with pytest.raises(MissingError, match="architecture") as caught:
        described(path).require_complete()
    assert "--architecture" in caught.value.hint
    given = described(path, architecture="sd1x")
    given.require_complete()
    assert given.fields["architecture"] == "sd1x"


@pytest.mark.parametrize(
    ("run", "sources"),
    [
        (
            "kohya-sd-scripts/lora_sd15",
            {
                "name": "command.json: --metadata_title",
                "architecture": "script train_network",
                "positiveTriggerWords": "dataset.toml: class_tokens",
                "tags": "command.json: --metadata_tags",
                "shortDescription": "command.json: --metadata_description",
            },
        ),
        (
            "kohya-sd-scripts/ti_sd15",
            {"positiveTriggerWords": "command.json: --metadata_trigger_phrase", "category": "structure"},
        ),
        (
            "kohya-sd-scripts/lycoris_lokr_sd15",
            {"positiveTriggerWords": "dataset.toml: class_tokens", "category": "structure"},
        ),
        ("musubi-tuner/wan_lora", {"name": "command.json: --metadata_title", "tags": "command.json: --metadata_tags"}),
        ("diffusers/dreambooth_lora_sd1", {"positiveTriggerWords": "command.json: --instance_prompt"}),
    ],
)
def test_a_named_command_line_says_the_same_with_its_own_sources(
    run: str, sources: dict[str, str], recorded: Callable[[str], Path]
) -> None:
    folder, expected = recorded(run), EXPECTED[run]
    description = described(folder / expected["chosen"], config=folder / "command.json")
    for name, source in sources.items():
        assert description.sources[name] == source
        value = description.fields[name]
        assert (list(value) if isinstance(value, tuple) else value) == expected["fields"][name]


def test_the_dataset_config_of_a_textual_inversion_is_not_taken_for_its_token(recorded: Callable[[str], Path]) -> None:
    folder = recorded("kohya-sd-scripts/ti_sd15")
    description = described(folder / "output/skstoy.safetensors", config=folder / "config/dataset.toml")
    assert description.fields["positiveTriggerWords"] == "skstoy"


def test_an_earlier_save_is_described_as_such(recorded: Callable[[str], Path]) -> None:
    folder = recorded("kohya-sd-scripts/lora_sd15")
    description = described(folder / "output/sks_toy_v1-000001.safetensors")
    assert description.fields["version"] == "step-8"
    assert description.hero_file is not None
    assert "e000001" in description.hero_file.name


def test_a_launch_script_can_be_named_as_the_config(tmp_path: Path) -> None:
    folder = unfold("fluxgym/maya", tmp_path) / "output"
    moved = tmp_path / "elsewhere" / "maya.safetensors"
    moved.parent.mkdir()
    (folder / "maya.safetensors").rename(moved)
    description = described(moved, config=folder / "train.sh")
    assert description.fields["positiveTriggerWords"] == "zkchr7 person"
    assert description.fields["architecture"] == "flux1d"


def test_the_instance_prompt_of_a_dataset_backend_beats_that_of_the_checkpoint(tmp_path: Path) -> None:
    folder = unfold("simpletuner/flux_lora", tmp_path)
    config = folder / "config" / "simpletuner_config.json"
    (folder / "output/simpletuner_config.json").rename(config)
    description = described(folder / "output/pytorch_lora_weights.safetensors", config=config)
    assert description.fields["positiveTriggerWords"] == "zkchr7 person"
    assert description.sources["positiveTriggerWords"] == "multidatabackend.json: instance_prompt"


def test_both_models_of_a_noise_pair_can_be_published_under_names_of_their_own(recorded: Callable[[str], Path]) -> None:
    read = read_run(recorded("ai-toolkit/wan22_pair") / "output")
    choice = choose(read)
    assert [artifact.role for artifact in choice.artifacts] == ["low_noise"]
    assert ("ink_wan_high_noise.safetensors", "the high-noise model of the pair") in [
        (artifact.path.name, artifact.reason) for artifact in choice.offered
    ]
    finals = [artifact for artifact in choose(read, "all").artifacts if artifact.final]
    assert [described(artifact.path).fields["name"] for artifact in finals] == [
        "ink_wan (low noise)",
        "ink_wan (high noise)",
    ]


def test_twins_and_embeddings_of_a_run_are_offered_not_chosen(recorded: Callable[[str], Path]) -> None:
    choice = choose(read_run(recorded("diffusers/advanced_sdxl") / "output"))
    assert {artifact.path.name: artifact.reason for artifact in choice.offered} == {
        "pytorch_lora_weights.safetensors": "an earlier save",
        "ink-sdxl.safetensors": "the same weights under other key names",
        "ink-sdxl_emb.safetensors": "the embedding trained along with it",
    }


@pytest.mark.parametrize(
    ("run", "name", "reason"),
    [
        ("musubi-tuner/wan_lora", "output/sks_wan-state/model.safetensors", "a training state"),
        ("diffusers/textual_inversion_sd1", "output/checkpoint-2/model.safetensors", "a training state"),
        ("diffusers/dreambooth_full_sd1", "output/unet/diffusion_pytorch_model.safetensors", "part of a pipeline"),
        ("hf-trainer/trainer_gpt2_peft", "output/adapter_model.safetensors", "language model"),
        ("hf-trainer/trainer_bert", "output/model.safetensors", "a transformers model"),
    ],
)
def test_look_alikes_are_never_offered(run: str, name: str, reason: str, recorded: Callable[[str], Path]) -> None:
    folder = recorded(run)
    refused = {artifact.path: artifact.reason for artifact in choose(read_run(folder / "output"), "all").refused}
    assert reason in refused[folder / name]


def test_a_backup_is_never_offered(recorded: Callable[[str], Path]) -> None:
    choice = choose(read_run(recorded("onetrainer/lora_sd15") / "output"), "all")
    assert [artifact.reason for artifact in choice.refused] == [
        "a backup, for resuming the training; publish the final file"
    ]
