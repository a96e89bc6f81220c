"""In whose naming scheme an adapter's keys are written, by which algorithm it works, and what that makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, cast

from rw_hooks.artifact.identify.adapters import Adapter, Layer

__all__ = ["adapter_algorithm", "adapter_category", "adapter_format"]

_KOHYA_PREFIXES = ("lora_unet_", "lora_te_", "lora_te1_", "lora_te2_", "lora_te3_", "oft_unet_", "oft_te_")
_KOHYA_SUFFIXES = ("lora_down.weight", "lora_up.weight")
_PEFT_SUFFIXES = ("lora_A.weight", "lora_B.weight", "lora_A", "lora_B")
_LYCORIS_ALGORITHMS = frozenset({"loha", "lokr", "oft", "boft", "glora", "ia3", "full"})


class _Scheme(NamedTuple):
    """One naming scheme: the first of which a prefix and a suffix are there wins; an empty prefix is always there."""

    name: str
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]


_SCHEMES = (
    _Scheme("onetrainer-legacy", ("lora_transformer_", "lora_prior_unet_"), _KOHYA_SUFFIXES),
    _Scheme("onetrainer-legacy", ("transformer.",), _KOHYA_SUFFIXES),
    _Scheme("xlabs", ("",), ("_lora1.down.weight", "_lora2.down.weight")),
    _Scheme("diffsynth", ("pipe.dit.",), ("lora_A.weight", "lora_A.default.weight")),
    _Scheme("peft", ("base_model.model.",), (*_PEFT_SUFFIXES, "lora_A.default.weight", "oft_R.weight", "boft_R")),
    _Scheme("diffsynth", ("",), ("lora_A.default.weight",)),
    _Scheme("comfy", ("diffusion_model.", "model.diffusion_model."), (*_PEFT_SUFFIXES, *_KOHYA_SUFFIXES)),
    _Scheme("kohya", _KOHYA_PREFIXES, _KOHYA_SUFFIXES),
    _Scheme("bfl-control", ("",), ("lora_B.bias",)),
    _Scheme("diffusers-peft", ("",), _PEFT_SUFFIXES),
    _Scheme(
        "diffusers-old",
        ("",),
        (
            "lora.down.weight",
            "lora.up.weight",
            "lora_linear_layer.down.weight",
            "lora_linear_layer.up.weight",
            "_lora.down.weight",
            "_lora.up.weight",
        ),
    ),
)


def adapter_format(adapter: Adapter, algorithm: str | None) -> str | None:
    """Return the naming scheme of the keys, in the words of ``Inspection.format``."""
    if "lycoris_" in adapter.prefixes:
        return "lycoris-wrapper"
    if "lora_B.bias" in adapter.suffixes and not adapter.prefixes:
        return "bfl-control"
    if algorithm in _LYCORIS_ALGORITHMS and not adapter.prefixes & {"base_model.model."}:
        return "lycoris"
    held = adapter.prefixes | {""}
    return next(
        (item.name for item in _SCHEMES if held & set(item.prefixes) and adapter.suffixes & set(item.suffixes)), None
    )


def adapter_algorithm(adapter: Adapter, metadata: Mapping[str, str]) -> str | None:
    """Return how the adapter works, in the words of ``Inspection.algorithm``."""
    layers = adapter.layers.values()
    roles = {role for layer in layers for role in layer.tensors}
    marks = (
        ("loha", any(role.startswith("hada_") for role in roles)),
        ("lokr", any(role.startswith("lokr_") for role in roles)),
        ("boft", "boft_blocks" in roles or any(map(_is_boft, layers))),
        ("oft", "oft_blocks" in roles),
        ("glora", "glora_a1" in roles),
        ("ia3", bool(roles & {"on_input", "ia3"})),
        ("dora", bool(roles & {"down", "up"}) and "dora" in roles),
        (
            "locon",
            any(map(_is_spatial, layers)) or (bool(roles & {"down", "up"}) and _lycoris_algo(metadata) == "locon"),
        ),
        ("lora", bool(roles & {"down", "up"})),
        ("full", bool(roles & {"diff", "diff_b", "w_norm", "b_norm"})),
    )
    return next((algorithm for algorithm, found in marks if found), None)


def adapter_category(algorithm: str | None, metadata: Mapping[str, str]) -> str:
    """Return lora or lycoris: what is not plain LoRA or DoRA is LyCORIS; a LoCon is what its trainer says."""
    if algorithm in _LYCORIS_ALGORITHMS:
        return "lycoris"
    if algorithm == "locon" and metadata.get("ss_network_module", "").startswith("lycoris"):
        return "lycoris"
    return "lora"


def _is_boft(layer: Layer) -> bool:
    """LyCORIS stacks the butterfly factors of BOFT in a fourth dimension."""
    blocks = layer.tensors.get("oft_blocks")
    return blocks is not None and len(blocks.shape) == 4  # noqa: PLR2004


def _is_spatial(layer: Layer) -> bool:
    """Whether a convolution with a real kernel is adapted (SD1's 1x1 projections are linear layers in disguise)."""
    if "mid" in layer.tensors:
        return True
    down = layer.tensors.get("down")
    return down is not None and len(down.shape) == 4 and max(down.shape[2:]) > 1  # noqa: PLR2004


def _lycoris_algo(metadata: Mapping[str, str]) -> str | None:
    if not metadata.get("ss_network_module", "").startswith("lycoris"):
        return None
    try:
        arguments = json.loads(metadata.get("ss_network_args", ""))
    except (ValueError, RecursionError):
        return None
    algo = cast("dict[str, object]", arguments).get("algo") if isinstance(arguments, dict) else None
    return algo if isinstance(algo, str) else None
