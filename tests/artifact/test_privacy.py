from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rw_hooks.artifact import inspect, strip_metadata
from rw_hooks.artifact.checks.privacy import keys_to_strip, privacy_findings
from rw_hooks.errors import ArtifactChangedError, ArtifactError
from tests.artifact.making import adapter_layer, codes, write

HUB_TOKEN = "hf_" + "a1B2c3D4" * 4
PRIVATE = {
    "ss_training_comment": "saved to /home/alice/out",
    "ss_sd_model_name": "C:\\Users\\alice\\model.safetensors",
    "ot_config": '{"workspace_dir": "/mnt/data/run"}',
    "note": f"token {HUB_TOKEN}",
    "modelspec.author": "alice@example.com",
    "ss_tag_frequency": '{"5_alice": {"alice": 1}}',
}
PUBLIC = {
    "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
    "modelspec.title": "watercolour",
    "ss_network_args": '{"algo": "lokr"}',
    "modelspec.resolution": "1024x1024",
    "ss_optimizer": "torch.optim.adamw.AdamW(weight_decay=0.1)",
    "modelspec.hash_sha256": "0x" + "a" * 64,
}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("ss_training_comment", "private_paths"),
        ("ss_sd_model_name", "private_paths"),
        ("ot_config", "private_paths"),
        ("note", "secret_in_metadata"),
        ("modelspec.author", "private_person"),
        ("ss_tag_frequency", "dataset_listing"),
    ],
)
def test_what_tells_of_people_and_machines_is_found(key: str, code: str) -> None:
    found = privacy_findings({key: PRIVATE[key], **PUBLIC})
    assert [item.code for item in found] == [code]
    assert key in found[0].message
    assert HUB_TOKEN not in found[0].message


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["a", "a@", "a@a.", "/home/", "\\", "C:\\", "~/", "https://", "secret", "a, "])
def test_a_value_of_any_shape_and_a_megabyte_is_read_in_a_moment(piece: str) -> None:
    assert privacy_findings({"note": piece * 1_000_000}) is not None


@pytest.mark.parametrize("share", [r"\\server\models\x", r"\\\\server\\models\\x", '"~/out"', "=/data/x"])
def test_a_share_and_a_home_are_local_paths(share: str) -> None:
    assert [item.code for item in privacy_findings({"note": share})] == ["private_paths"]


@pytest.mark.parametrize("text", [r"a line\\nand\\nanother", r"sketch \\(style\\)", "ratio 3:/4", "a~/b", "x/home/y"])
def test_what_only_resembles_a_path_is_none(text: str) -> None:
    assert privacy_findings({"note": text}) == []


def test_what_is_public_is_left_alone() -> None:
    assert privacy_findings(PUBLIC) == []
    assert keys_to_strip(PUBLIC, ["private"]) == ()


def test_private_means_every_private_key() -> None:
    assert set(keys_to_strip({**PRIVATE, **PUBLIC}, ["private"])) == set(PRIVATE)
    assert keys_to_strip({**PRIVATE, **PUBLIC}, ["note", "unknown"]) == ("note",)


def test_a_cleaned_copy_keeps_the_weights_and_autov3(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", adapter_layer("lora_unet_x"), {**PRIVATE, **PUBLIC})
    copy = tmp_path / "clean.safetensors"
    before = path.read_bytes()
    removed = strip_metadata(path, copy, "private")
    assert set(removed) == set(PRIVATE)
    assert path.read_bytes() == before
    original, cleaned = inspect(path), inspect(copy)
    assert cleaned.metadata == PUBLIC
    assert cleaned.autov3 == original.autov3
    assert cleaned.sha256 != original.sha256
    assert "private_paths" in codes(original)
    assert codes(cleaned) & {"private_paths", "secret_in_metadata", "dataset_listing"} == set()
    assert cleaned.valid
    assert (int.from_bytes(copy.read_bytes()[:8], "little") % 8, sorted(tmp_path.iterdir())) == (0, [copy, path])
    assert copy.stat().st_mode & 0o777 == 0o600


def test_cleaning_writes_to_no_file_that_was_there(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", adapter_layer("lora_unet_x"), PRIVATE)
    (tmp_path / "own.txt").write_text("mine")
    (tmp_path / "y.safetensors.part").symlink_to("own.txt")
    strip_metadata(path, tmp_path / "y.safetensors", "private")
    assert (tmp_path / "y.safetensors.part").read_text() == "mine"
    assert not (tmp_path / "y.safetensors").is_symlink()


def test_a_file_that_is_rewritten_at_the_same_size_is_not_cleaned(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", adapter_layer("lora_unet_x"), PRIVATE)

    def rewriting() -> Iterator[str]:
        with path.open("r+b") as file:
            file.seek(-8, os.SEEK_END)
            file.write(b"\1" * 8)
        os.utime(path, ns=(0, 0))
        yield "private"

    with pytest.raises(ArtifactChangedError):
        strip_metadata(path, tmp_path / "y.safetensors", rewriting())
    assert list(tmp_path.iterdir()) == [path]


def test_metadata_that_is_all_private_leaves_none(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)}, {"note": PRIVATE["note"]})
    assert strip_metadata(path, tmp_path / "y.safetensors", ["note"]) == ("note",)
    raw = (tmp_path / "y.safetensors").read_bytes()
    assert "__metadata__" not in json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])


def test_a_bad_file_cannot_be_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"<html>")
    with pytest.raises(ArtifactError, match="web page"):
        strip_metadata(path, tmp_path / "y.safetensors", "private")
    assert not (tmp_path / "y.safetensors").exists()
