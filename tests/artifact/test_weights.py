from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.errors import ArtifactError
from tests.artifact.making import adapter_layer, codes, write

NAMES = tuple(f"lora_unet_blocks_{number}_self_attn_q" for number in range(10))


def layers(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in NAMES:
        made |= adapter_layer(name)
    return made | changes


def zeroed(arrays: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: np.zeros_like(value) if name in names else value for name, value in arrays.items()}


def test_a_sound_adapter_has_no_findings(tmp_path: Path) -> None:
    found = inspect(write(tmp_path / "x.safetensors", layers()))
    assert found.findings == ()
    assert (found.rank, found.alpha, found.valid) == (2, 2.0, True)
    require_publishable(found)


def test_an_untrained_adapter_is_an_error(tmp_path: Path) -> None:
    ups = [f"{name}.lora_up.weight" for name in NAMES]
    found = inspect(write(tmp_path / "x.safetensors", zeroed(layers(), *ups)))
    assert codes(found, "error") == {"untrained"}
    with pytest.raises(ArtifactError, match="never trained"):
        require_publishable(found)


def test_a_few_untrained_layers_are_a_warning_with_the_list(tmp_path: Path) -> None:
    found = inspect(write(tmp_path / "x.safetensors", zeroed(layers(), f"{NAMES[3]}.lora_up.weight")))
    assert found.valid
    assert [(item.code, item.tensors) for item in found.findings] == [("untrained_layers", (NAMES[3],))]


@pytest.mark.parametrize(
    ("trained", "untrained"),
    [
        ({"lora_down.weight": 1, "lora_up.weight": 1, "dora_scale": 1}, "lora_up.weight"),
        ({"lora_down.weight": 1, "lora_up.weight": 1}, "lora_down.weight"),
        ({"lora_down.weight": 1, "lora_mid.weight": 1, "lora_up.weight": 1}, "lora_mid.weight"),
        ({"hada_w1_a": 1, "hada_w1_b": 1, "hada_w2_a": 1, "hada_w2_b": 1}, "hada_w2_a"),
        ({"hada_w1_a": 1, "hada_w1_b": 1, "hada_w2_a": 1, "hada_w2_b": 1}, "hada_w2_b"),
        ({"hada_w1_a": 1, "hada_w1_b": 1, "hada_w2_a": 1, "hada_w2_b": 1}, "hada_w1_a"),
        ({"lokr_w1": 1, "lokr_w2": 1}, "lokr_w2"),
        ({"lokr_w1": 1, "lokr_w2": 1}, "lokr_w1"),
        ({"lokr_w1_a": 1, "lokr_w1_b": 1, "lokr_w2": 1}, "lokr_w1_a"),
        ({"lokr_w1": 1, "lokr_w2_a": 1, "lokr_w2_b": 1}, "lokr_w2_b"),
        ({"oft_blocks": 1}, "oft_blocks"),
        ({"boft_R": 1}, "boft_R"),
        ({"a1.weight": 1, "a2.weight": 1, "b1.weight": 1, "b2.weight": 1}, "b1.weight"),
        ({"a1.weight": 1, "a2.weight": 1, "b1.weight": 1, "b2.weight": 1}, "b2.weight"),
        ({"diff": 1}, "diff"),
    ],
)
def test_each_algorithm_has_a_part_that_is_zero_before_training(
    tmp_path: Path, trained: dict[str, int], untrained: str
) -> None:
    arrays: dict[str, Any] = {f"lora_unet_x.{part}": np.full((2, 2), 0.5, np.float32) for part in trained}
    arrays["lora_unet_x.alpha"] = np.float32(1)
    assert "untrained" not in codes(inspect(write(tmp_path / "a.safetensors", arrays)))
    arrays[f"lora_unet_x.{untrained}"] = np.zeros((2, 2), np.float32)
    assert "untrained" in codes(inspect(write(tmp_path / "b.safetensors", arrays)), "error")


@pytest.mark.parametrize(
    "beside",
    [
        {"up.lora_B.bias": 1.0},
        {"up.diff_b": 1.0},
        {"norm.w_norm": 1.0},
        {"norm.diff": 1.0},
        {"other.lora_A.weight": 1.0, "other.lora_B.weight": 1.0},
    ],
)
def test_what_acts_beside_a_zero_factor_leaves_a_warning_at_most(tmp_path: Path, beside: dict[str, float]) -> None:
    numbers = {"up.lora_A.weight": 1.0, "up.lora_B.weight": 0.0, **beside}
    arrays = {f"transformer.{name}": np.full((2, 2), value, np.float32) for name, value in numbers.items()}
    found = inspect(write(tmp_path / "x.safetensors", arrays))
    assert found.valid
    assert ("untrained_layers" in codes(found)) is not any(name.startswith("up.") for name in beside)


@pytest.mark.parametrize("suffix", ["lora_B.bias", "diff_b", "dora_scale", "alpha"])
def test_what_may_be_zero_makes_no_layer_untrained(tmp_path: Path, suffix: str) -> None:
    numbers = {"lora_A.weight": 1.0, "lora_B.weight": 1.0, suffix: 0.0}
    arrays = {f"transformer.x.{name}": np.full((2, 2), value, np.float32) for name, value in numbers.items()}
    found = inspect(write(tmp_path / "x.safetensors", arrays))
    assert codes(found).isdisjoint({"untrained", "untrained_layers"})


def test_a_zero_down_matrix_is_broken(tmp_path: Path) -> None:
    found = inspect(write(tmp_path / "x.safetensors", zeroed(layers(), f"{NAMES[0]}.lora_down.weight")))
    assert codes(found) == {"zero_down"}


def test_huge_values_and_outstanding_layers_are_named(tmp_path: Path) -> None:
    strong = np.full((8, 2), 2000.0, np.float32)
    found = inspect(write(tmp_path / "x.safetensors", layers(**{f"{NAMES[5]}.lora_up.weight": strong})))
    assert codes(found) == {"huge_values", "outstanding_layers"}
    assert all(NAMES[5] in item.tensors[0] for item in found.findings)


@pytest.mark.parametrize(
    ("changes", "removed", "code", "severity"),
    [
        ({}, ".lora_up.weight", "unpaired", "error"),
        ({}, ".lora_down.weight", "unpaired", "error"),
        ({".lora_up.weight": np.ones((8, 3), np.float32)}, "", "rank_mismatch", "error"),
        ({".alpha": np.float32(0)}, "", "bad_alpha", "warning"),
        ({".alpha": np.float32(-1)}, "", "bad_alpha", "warning"),
        ({".alpha": np.float32(9)}, "", "large_alpha", "warning"),
        ({".lora_A.weight": np.ones((2, 8), np.float32), ".lora_B.weight": np.ones((8, 2), np.float32)},
         "", "mixed_formats", "warning"),
        ({".surprise": np.ones((2, 2), np.float32)}, "", "unknown_keys", "warning"),
        ({".lora_up.weight": np.full((8, 2), 0.1, np.float64)}, "", "wide_dtype", "warning"),
    ],
)  # fmt: skip
def test_a_layer_that_is_not_whole_is_found(
    tmp_path: Path, changes: dict[str, Any], removed: str, code: str, severity: str
) -> None:
    arrays = layers(**{NAMES[1] + suffix: value for suffix, value in changes.items()})
    arrays.pop(NAMES[1] + removed, None)
    assert code in codes(inspect(write(tmp_path / "x.safetensors", arrays)), severity)


def test_an_alpha_without_matrices_is_an_orphan(tmp_path: Path) -> None:
    arrays = layers(**{"lora_unet_gone.alpha": np.float32(1)})
    assert codes(inspect(write(tmp_path / "x.safetensors", arrays))) == {"orphan_alpha"}


def test_a_nan_alpha_is_an_error(tmp_path: Path) -> None:
    arrays = layers(**{f"{NAMES[1]}.alpha": np.float32(np.nan)})
    assert codes(inspect(write(tmp_path / "x.safetensors", arrays))) == {"nan_values", "bad_alpha"}


@pytest.mark.parametrize("factors", [("lokr_w2",), ("lokr_w2_a", "lokr_w2_b")])
def test_an_alpha_that_no_loader_uses_is_not_looked_at(tmp_path: Path, factors: tuple[str, ...]) -> None:
    """ai-toolkit writes 9999999999 beside whole factors, where LyCORIS and ComfyUI do not use it."""
    arrays: dict[str, Any] = {f"lora_unet_x.{part}": np.full((2, 2), 0.5, np.float16) for part in ("lokr_w1", *factors)}
    found = inspect(write(tmp_path / "x.safetensors", {**arrays, "lora_unet_x.alpha": np.float16(np.inf)}))
    assert codes(found) == (set() if factors == ("lokr_w2",) else {"nan_values", "bad_alpha"})
    assert found.alpha is None


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"ss_network_dim": "2", "ss_network_alpha": "2.0"}, None),
        ({"ss_network_dim": "16", "ss_network_alpha": "2.0"}, "rank_claim"),
        ({"ss_network_dim": "2", "ss_network_alpha": "1.0"}, "alpha_claim"),
        ({"ss_network_dim": "None", "ss_network_alpha": "None"}, None),
    ],
)
def test_what_is_claimed_of_rank_and_alpha_is_compared(
    tmp_path: Path, metadata: dict[str, str], code: str | None
) -> None:
    found = inspect(write(tmp_path / "x.safetensors", layers(), metadata))
    assert codes(found) == ({code} if code else set())


def test_a_lost_alpha_is_said_but_not_for_a_converted_file(tmp_path: Path) -> None:
    metadata = {"ss_network_dim": "2", "ss_network_alpha": "1.0"}
    lost = {name: value for name, value in layers().items() if not name.endswith(".alpha")}
    assert codes(inspect(write(tmp_path / "a.safetensors", lost, metadata))) == {"alpha_lost"}
    folded = {
        name.replace("lora_unet_", "diffusion_model.")
        .replace("lora_down", "lora_A")
        .replace("lora_up", "lora_B"): value
        for name, value in lost.items()
    }
    assert codes(inspect(write(tmp_path / "b.safetensors", folded, metadata))) == set()


@pytest.mark.parametrize(
    ("claimed", "code"),
    [
        ("{data}", None),
        ("0x{data}", None),
        ("None", None),
        ("f" * 64, "stale_hash_claim"),
        ("0x" + "f" * 64, "foreign_hash_claim"),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "empty_hash_claim"),
    ],
)
@pytest.mark.parametrize("key", ["sshs_model_hash", "modelspec.hash_sha256"])
def test_the_hashes_a_file_carries_are_checked(tmp_path: Path, key: str, claimed: str, code: str | None) -> None:
    data = inspect(write(tmp_path / "a.safetensors", layers())).data_sha256
    found = inspect(write(tmp_path / "b.safetensors", layers(), {key: claimed.format(data=data)}))
    assert codes(found) == ({code} if code else set())
    assert found.valid


def test_fp8_adapters_are_unusual(tmp_path: Path) -> None:
    arrays = {"lora_unet_x.lora_down.weight": np.full((2, 4), 0x38, np.uint8),
              "lora_unet_x.lora_up.weight": np.full((4, 2), 0x38, np.uint8)}  # fmt: skip
    path = write(tmp_path / "x.safetensors", arrays, dtypes=dict.fromkeys(arrays, "F8_E4M3"))
    assert codes(inspect(path)) == {"fp8_adapter"}
