"""Adapter keys: which layer each tensor adapts, in which role, and in whose naming scheme.

A key such as ``lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight`` is taken apart into the adapted part
(denoiser or text encoder), the layer's path with underscores (every trainer's spelling meets there), and the role of
the tensor. Suffixes are those of kohya-ss/sd-scripts, LyCORIS, PEFT and diffusers (``trainers.md`` and ``formats.md``
name the source files).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rw_hooks.artifact.read.header import Tensor

__all__ = ["DENOISER", "Adapter", "Layer", "take_apart"]

DENOISER = "denoiser"

_ROLES = {
    "lora_down.weight": "down", "lora_up.weight": "up", "lora_mid.weight": "mid",
    "lora_A.weight": "down", "lora_B.weight": "up", "lora_B.bias": "up_bias",
    "lora_A": "down", "lora_B": "up",
    "lora.down.weight": "down", "lora.up.weight": "up",
    "lora_linear_layer.down.weight": "down", "lora_linear_layer.up.weight": "up",
    "alpha": "alpha",
    "dora_scale": "dora", "lora_magnitude_vector": "dora", "lora_magnitude_vector.weight": "dora", "magnitude": "dora",
    "hada_w1_a": "hada_w1_a", "hada_w1_b": "hada_w1_b", "hada_w2_a": "hada_w2_a", "hada_w2_b": "hada_w2_b",
    "hada_t1": "hada_t1", "hada_t2": "hada_t2",
    "lokr_w1": "lokr_w1", "lokr_w1_a": "lokr_w1_a", "lokr_w1_b": "lokr_w1_b",
    "lokr_w2": "lokr_w2", "lokr_w2_a": "lokr_w2_a", "lokr_w2_b": "lokr_w2_b",
    "lokr_t1": "lokr_t1", "lokr_t2": "lokr_t2",
    "oft_blocks": "oft_blocks", "oft_diag": "oft_blocks", "oft_R.weight": "oft_blocks", "rescale": "rescale",
    "boft_R": "boft_blocks", "boft_s": "rescale",
    "on_input": "on_input", "ia3_l": "ia3",
    "a1.weight": "glora_a1", "a2.weight": "glora_a2", "b1.weight": "glora_b1", "b2.weight": "glora_b2",
    "bm.weight": "glora_bm",
    "diff": "diff", "diff_b": "diff_b", "w_norm": "w_norm", "b_norm": "b_norm",
}  # fmt: skip
_LONGEST_SUFFIX = 3
# The first factor of LoKr is the small one; where it is not, the product is no layer's size.
_LARGEST_FACTOR = 1000
_DECISIVE = frozenset(_ROLES.values()) - {"alpha", "dora", "rescale", "on_input", "diff", "diff_b"} - {
    role for role in _ROLES.values() if role.startswith("glora")
}  # fmt: skip
_NAMED_ADAPTER = re.compile(r"(.+)\.lora_([AB])\.[\w-]+\.weight")
_NAMED_MAGNITUDE = re.compile(r"(.+)\.lora_magnitude_vector\.[\w-]+(?:\.weight)?")
_PROCESSOR = re.compile(r"(.+)_lora([12]?)\.(down|up)\.weight")

# The longest first: each is removed as often as it occurs.
_PREFIXES = (
    ("base_model.model.", None),
    ("model.diffusion_model.", DENOISER),
    ("diffusion_model.", DENOISER),
    ("text_encoders.clip_l.transformer.", "te1"),
    ("text_encoders.clip_g.transformer.", "te2"),
    ("text_encoders.t5xxl.transformer.", "te3"),
    ("text_encoder_3.", "te3"),
    ("text_encoder_2.", "te2"),
    ("text_encoder.", "te1"),
    ("transformer.", DENOISER),
    ("unet.", DENOISER),
    ("pipe.dit.", DENOISER),
    ("lora_prior_unet_", DENOISER),
    ("lora_transformer_", DENOISER),
    ("lora_unet_", DENOISER),
    ("lora_te1_", "te1"),
    ("lora_te2_", "te2"),
    ("lora_te3_", "te3"),
    ("lora_te_", "te"),
    ("oft_unet_", DENOISER),
    ("oft_te1_", "te1"),
    ("oft_te2_", "te2"),
    ("oft_te_", "te"),
    ("lycoris_", DENOISER),
)


@dataclass
class Layer:
    """One adapted layer.

    Attributes:
        name: As the file spells it.
        part: ``denoiser``, or the text encoder: ``te`` (a file with only one), ``te1``, ``te2``, ``te3``.
        path: Its place in the base model, with underscores, without prefix.
        tensors: By role.
    """

    name: str
    part: str
    path: str
    tensors: dict[str, Tensor] = field(default_factory=dict[str, Tensor])

    @property
    def width(self) -> int | None:
        """Inputs of the adapted layer, where the shapes tell."""
        return (
            self._measure("down", 1) or self._product("hada_w1_b", "lokr", 1) or self._either(("glora_b2", "diff"), 1)
        )

    @property
    def outputs(self) -> int | None:
        """Outputs of the adapted layer, where the shapes tell."""
        for found in (self._measure("up", 0), self._product("hada_w1_a", "lokr", 0)):
            if found:
                return found
        return self._either(("glora_b1", "diff"), 0) or self._block_outputs()

    @property
    def rank(self) -> int | None:
        """Rank of the two factors, where the algorithm has one."""
        for role, axis in (("down", 0), ("hada_w1_b", 0), ("lokr_w2_b", 0), ("lokr_w1_b", 0), ("glora_b2", 0)):
            size = self._measure(role, axis)
            if size:
                return size
        return self._oft_rank()

    @property
    def alpha(self) -> Tensor | None:
        """The alpha that loaders use; they ignore that of a LoKr of two whole factors, which has no rank.

        ai-toolkit writes 9999999999 there, which is Inf in F16.
        """
        return None if self.tensors.keys() >= {"lokr_w1", "lokr_w2"} else self.tensors.get("alpha")

    def _measure(self, role: str, axis: int) -> int | None:
        tensor = self.tensors.get(role)
        return tensor.shape[axis] if tensor is not None and len(tensor.shape) > max(axis, 1) else None

    def _either(self, roles: Iterable[str], axis: int) -> int | None:
        return next(filter(None, (self._measure(role, axis) for role in roles)), None)

    def _block_outputs(self) -> int | None:
        """OFT rotates blocks of outputs; IA3 scales outputs one by one."""
        blocks, scales = self.tensors.get("oft_blocks"), self.tensors.get("ia3")
        if blocks is not None and len(blocks.shape) >= 3:  # noqa: PLR2004 - [..., blocks, size, size]
            return blocks.shape[-3] * blocks.shape[-2]
        return scales.elements if scales is not None else None

    def _oft_rank(self) -> int | None:
        """How many blocks there are, by sd-scripts, or how large they are, by LyCORIS; PEFT packs them."""
        blocks = self.tensors.get("oft_blocks")
        if blocks is None or len(blocks.shape) != 3:  # noqa: PLR2004 - [blocks, size, size]
            return None
        return blocks.shape[0 if self.name.startswith("oft_") else 1]

    def _product(self, plain: str, kronecker: str, axis: int) -> int | None:
        if plain in self.tensors and "hada_t1" not in self.tensors:
            return self._measure(plain, axis)
        side = "ab"[axis]
        if (self._measure(f"{kronecker}_w1", 0) or 0) > _LARGEST_FACTOR:
            return None
        left = self._either((f"{kronecker}_w1", f"{kronecker}_w1_{side}"), axis)
        right = self._either((f"{kronecker}_w2", f"{kronecker}_w2_{side}"), axis)
        return left * right if left and right else None


@dataclass
class Adapter:
    """All that the adapter keys of a file say.

    Attributes:
        layers: By the name as the file spells it.
        others: Tensors that adapt nothing.
        prefixes: Every prefix that was stripped.
        suffixes: Every suffix that was found, in the file's spelling.
    """

    layers: dict[str, Layer]
    others: list[Tensor]
    prefixes: frozenset[str]
    suffixes: frozenset[str]

    @property
    def found(self) -> bool:
        """Whether the file holds an adapter at all: a suffix that only adapters use, or a set that only they have."""
        return any(_is_adapted(layer.tensors.keys()) for layer in self.layers.values())

    @property
    def denoiser(self) -> list[Layer]:
        """The layers of the denoiser."""
        return [layer for layer in self.layers.values() if layer.part == DENOISER]


def _is_adapted(roles: Iterable[str]) -> bool:
    held = set(roles)
    glora = {"glora_a1", "glora_a2", "glora_b1", "glora_b2"}
    return bool(held & _DECISIVE) or held >= glora or "on_input" in held or bool(held & {"diff", "diff_b"})


def take_apart(tensors: Iterable[Tensor]) -> Adapter:
    """Sort the tensors into adapted layers and others."""
    layers: dict[str, Layer] = {}
    others: list[Tensor] = []
    prefixes: set[str] = set()
    suffixes: set[str] = set()
    for tensor in tensors:
        name, role, suffix = _split(tensor.name)
        if role is None:
            others.append(tensor)
            continue
        if name not in layers:
            part, path, stripped = _place(name)
            prefixes.update(stripped)
            layers[name] = Layer(name, part, path)
        layers[name].tensors[role] = tensor
        suffixes.add(suffix)
    _adopt_ia3_weights(layers, others)
    return Adapter(layers, others, frozenset(prefixes), frozenset(suffixes))


def _split(key: str) -> tuple[str, str | None, str]:
    pieces = key.split(".")
    for count in range(min(_LONGEST_SUFFIX, len(pieces) - 1), 0, -1):
        suffix = ".".join(pieces[-count:])
        if suffix in _ROLES:
            return ".".join(pieces[:-count]), _ROLES[suffix], suffix
    named = _NAMED_ADAPTER.fullmatch(key)
    if named:
        return named[1], "down" if named[2] == "A" else "up", f"lora_{named[2]}.default.weight"
    magnitude = _NAMED_MAGNITUDE.fullmatch(key)
    if magnitude:
        return magnitude[1], "dora", "lora_magnitude_vector"
    processor = _PROCESSOR.fullmatch(key)
    if processor:
        return processor[1] + processor[2], processor[3], f"_lora{processor[2]}.{processor[3]}.weight"
    return key, None, ""


def _place(name: str) -> tuple[str, str, set[str]]:
    part, stripped = DENOISER, set[str]()
    changed = True
    while changed:
        changed = False
        for prefix, where in _PREFIXES:
            if name.startswith(prefix):
                name, part, changed = name[len(prefix) :], where or part, True
                stripped.add(prefix)
                break
    path = name.replace(".", "_").replace("_processor_to_", "_to_")
    return part, path, stripped


def _adopt_ia3_weights(layers: dict[str, Layer], others: list[Tensor]) -> None:
    """IA3 calls its vector plainly ``weight``; ``on_input`` beside it tells."""
    for tensor in list(others):
        name = tensor.name.removesuffix(".weight")
        if name != tensor.name and name in layers and "on_input" in layers[name].tensors:
            layers[name].tensors["ia3"] = tensor
            others.remove(tensor)
