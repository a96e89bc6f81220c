from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rw_hooks.cli.app import run
from tests.artifact.making import adapter_layer, write

KEYS = [
    "path", "size", "valid", "sha256", "autov2", "autov3", "category", "type", "family", "architecture", "candidates",
    "format", "algorithm", "rank", "alpha", "dtypes", "tensors", "parameters", "claims", "findings", "metadata",
]  # fmt: skip
ATTENTION = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    layer = adapter_layer(ATTENTION, width=768, outputs=320)
    return write(tmp_path / "style.safetensors", layer, {"ss_base_model_version": "sd_v1", "ss_output_name": "style"})


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.safetensors"
    path.write_bytes(b"<html><body>Not Found</body></html>")
    return path


def test_json_is_one_object_a_line_with_exactly_the_documented_keys(
    lora: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", "--json", str(lora), str(page)]) == 3
    lines = capsys.readouterr().out.splitlines()
    shown = [json.loads(line) for line in lines]
    assert [list(item) for item in shown] == [KEYS, KEYS]
    assert (shown[0]["architecture"], shown[0]["category"], shown[0]["rank"]) == ("sd1x", "lora", 2)
    assert shown[1]["findings"][0]["code"] == "html_page"


def test_the_table_says_what_it_is_whether_it_is_sound_and_what_to_mind(
    lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(lora)]) == 0
    shown = capsys.readouterr().out
    for words in ("style.safetensors", "lora", "sd1x", "yes", "kohya", "rank 2", "AutoV2", "AutoV3"):
        assert words in shown


def test_explain_names_the_facts_that_decided(lora: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "--explain", str(lora)]) == 0
    assert "attn2_to_k 768>320" in capsys.readouterr().out
    assert run(["inspect", "--explain", "--json", str(lora)]) == 0
    assert json.loads(capsys.readouterr().out)["reasons"]


def test_a_name_that_is_too_long_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "x" * 300]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_a_folder_means_its_files(lora: Path, page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "--json", str(lora.parent)]) == 3
    paths = [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()]
    assert paths == sorted([str(lora), str(page)])


def test_a_folder_without_files_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(tmp_path)]) == 3
    assert "is a folder" in capsys.readouterr().err


def test_the_first_failure_is_the_exit_code_and_the_rest_is_shown_all_the_same(
    lora: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", "--json", str(lora.with_name("gone")), str(page), str(lora)]) == 2
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_header_only_shows_no_hashes(lora: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "--header-only", "--json", str(lora)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["sha256"], shown["autov3"], shown["alpha"]) == (None, None, None)
    assert shown["architecture"] == "sd1x"


def test_a_look_alike_is_named_and_ends_in_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path / "model.safetensors", {"model.layers.0.self_attn.q_proj.weight": np.ones((4, 4), np.float32)}
    )
    assert run(["inspect", str(path)]) == 3
    assert "not a model that makes images" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    title = "caf\u00e9 \U0001f600 \\ \x1b"
    path = write(tmp_path / "x.safetensors", adapter_layer(ATTENTION), {"modelspec.title": title})
    environ = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "rw_hooks", "inspect", "--json", str(path)]
    done = subprocess.run(command, env=environ, capture_output=True, check=True)
    assert json.loads(done.stdout)["metadata"]["modelspec.title"] == title


def test_names_and_metadata_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = adapter_layer("lora_unet_[red]x")
    path = write(tmp_path / "x.safetensors", arrays, {"modelspec.trigger_phrase": "\x1b[31mred\x1b]8;;http://x\x07"})
    assert run(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[31mred" in shown


def test_no_file_at_all_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect"]) == 2
    assert "file" in capsys.readouterr().err
