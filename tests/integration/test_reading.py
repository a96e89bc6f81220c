from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rw_hooks.errors import UsageError
from rw_hooks.integration import choose, read_run
from rw_hooks.integration.folder import RunFolder
from tests.doubles.runs import unfold


def test_a_file_finds_its_run_from_within_a_checkpoint(tmp_path: Path) -> None:
    folder = unfold("diffusers/dreambooth_lora_flux", tmp_path) / "output"
    run = read_run(folder / "checkpoint-1" / "pytorch_lora_weights.safetensors")
    assert run.trainer == "diffusers"
    assert run.facts.trigger_words is not None
    assert run.facts.trigger_words.value == ("a photo of sks toy",)
    assert run.facts.version is not None
    assert run.facts.version.value == "step-1"


def test_a_file_finds_the_workspace_beside_its_folder(tmp_path: Path) -> None:
    folder = unfold("onetrainer/lora_sd15", tmp_path) / "output"
    assert read_run(folder / "out" / "sks_toy_ot.safetensors").trainer == "onetrainer"


def test_a_stranger_beside_a_run_gets_none_of_its_facts(tmp_path: Path) -> None:
    folder = unfold("ai-toolkit/lora_sd15", tmp_path) / "output" / "sks_toy_aitk"
    stranger = unfold("peft/tiny_sd1_pipe", tmp_path) / "output" / "pytorch_lora_weights.safetensors"
    moved = shutil.copy(stranger, folder / "stranger.safetensors")
    run = read_run(Path(moved))
    assert run.trainer is None
    assert run.facts.name is None


def test_a_config_that_was_named_is_believed_for_a_file_that_moved_away(tmp_path: Path) -> None:
    folder = unfold("ai-toolkit/lora_sd15", tmp_path) / "output" / "sks_toy_aitk"
    moved = tmp_path / "elsewhere" / "renamed.safetensors"
    moved.parent.mkdir()
    (folder / "sks_toy_aitk.safetensors").rename(moved)
    run = read_run(moved, config=folder / "config.yaml")
    assert (run.trainer, run.facts.name and run.facts.name.value) == ("ai_toolkit", "sks_toy_aitk")


def test_a_relative_path_is_read_as_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(unfold("kohya-sd-scripts/ti_sd15", tmp_path) / "output")
    run = read_run(Path("skstoy.safetensors"))
    assert run.trainer == "kohya"
    assert [artifact.path.name for artifact in choose(run).artifacts] == ["skstoy.safetensors"]


def test_the_trainer_can_be_named(tmp_path: Path) -> None:
    folder = unfold("kohya-sd-scripts/lora_sd15", tmp_path) / "output"
    assert read_run(folder, trainer="lightning").trainer == "lightning"
    with pytest.raises(UsageError) as caught:
        read_run(folder, trainer="kohja")
    assert "kohya" in caught.value.hint


def test_a_known_command_line_needs_no_config(tmp_path: Path) -> None:
    folder = unfold("kohya-sd-scripts/lora_sd15", tmp_path)
    argv = [
        "python",
        "flux_train_network.py",
        "--output_name",
        "sks_toy_v1",
        "--metadata_trigger_phrase",
        "zkchr7, toy",
    ]
    run = read_run(folder / "output", argv=argv)
    assert run.facts.trigger_words is not None
    assert run.facts.trigger_words.value == ("zkchr7, toy",)
    assert run.facts.trigger_words.source == "command line: --metadata_trigger_phrase"


@pytest.mark.parametrize(
    ("word", "found"),
    [("hf_portraits", "hf_portraits"), ("hf_" + "aB3" * 11, None), ("sk_cyberpunk_style_v2", "sk_cyberpunk_style_v2")],
)
def test_only_what_held_a_secret_is_left_out(word: str, found: str | None, tmp_path: Path) -> None:
    folder = unfold("kohya-sd-scripts/lora_sd15", tmp_path)
    argv = ["flux_train_network.py", "--output_name", word, "--metadata_trigger_phrase", word]
    facts = read_run(folder / "output", argv=argv).facts
    assert (facts.name and facts.name.value) == found
    assert (facts.trigger_words and facts.trigger_words.value) == (found and (found,))


@pytest.mark.parametrize("name", ["config.yaml", "hparams.yml", "simpletuner_config.json", "dataset.toml", "train.sh"])
def test_a_broken_config_is_a_warning_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    folder = unfold("kohya-sd-scripts/lora_sd15", tmp_path) / "output"
    for broken in (name, "dataset.toml"):
        (folder / broken).write_bytes(b"\xff{[broken")
    run = read_run(folder)
    assert [artifact.path.name for artifact in choose(run).artifacts] == ["sks_toy_v1.safetensors"]
    assert any(name in warning for warning in run.warnings)
    assert not any(str(tmp_path) in warning for warning in run.warnings)


def test_a_named_config_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    folder = unfold("kohya-sd-scripts/lora_sd15", tmp_path) / "output"
    run = read_run(folder, config=tmp_path / "gone.toml")
    assert run.trainer == "kohya"
    assert run.warnings == ("gone.toml cannot be read: FileNotFoundError",)


def test_a_folder_of_no_trainer_gives_its_only_file(tmp_path: Path) -> None:
    source = unfold("peft/tiny_sd1_pipe", tmp_path) / "output" / "pytorch_lora_weights.safetensors"
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("maya.safetensors", "maya-step00000100.safetensors", ".tmpabc.safetensors"):
        shutil.copy(source, plain / name)
    run = read_run(plain)
    assert run.trainer is None
    assert [artifact.path.name for artifact in choose(run).artifacts] == ["maya.safetensors"]
    assert [artifact.step for artifact in choose(run, "last:2").artifacts] == [100, None]


@pytest.mark.parametrize("path", ["empty", "nothing/here.safetensors"])
def test_nothing_is_no_error(path: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = read_run(tmp_path / path)
    assert run.artifacts == ()


def test_the_look_into_a_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "far.safetensors").touch()
    (tmp_path / "a" / "near.safetensors").touch()
    assert [path.name for path in RunFolder(tmp_path, tmp_path).weights] == ["near.safetensors"]
    monkeypatch.setattr("rw_hooks.integration.folder._FILES_MAX", 5)
    for number in range(20):
        (tmp_path / f"{number}.txt").touch()
    crowded = RunFolder(tmp_path, tmp_path)
    assert len(crowded.files) == 5
    assert "more than 5 files" in crowded.warnings[0]


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right on Windows")
def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.safetensors").touch()
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside, target_is_directory=True)
    assert RunFolder(root, root).weights == ()


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right on Windows")
def test_a_link_that_cannot_be_followed_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x" * 300)
    (tmp_path / "optimizer.bin").symlink_to("x" * 300)
    (tmp_path / "model.safetensors").touch()
    assert [artifact.publishable for artifact in read_run(tmp_path).artifacts] == [True]
