"""What a file is: category, type, the families its structure leaves open, format, and why.

The checks are in the order in which wrong answers are least likely: adapters before embeddings, control models, VAEs
and encoders, and whole checkpoints last; but a checkpoint with leftovers of a merged adapter is a checkpoint. Only the
structure is used here. The metadata is used later, and only to choose among what fits the structure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rw_hooks.artifact.identify import signatures_base as tables
from rw_hooks.artifact.identify import signatures_other as others
from rw_hooks.artifact.identify.adapters import Adapter, take_apart
from rw_hooks.artifact.identify.key_format import adapter_algorithm, adapter_category, adapter_format
from rw_hooks.artifact.identify.layer_table import Place, compare, cover
from rw_hooks.artifact.identify.signature import Layers, Names, Signature, first_match
from rw_hooks.artifact.identify.signatures_adapter import (
    ADAPTER_TARGETS,
    ENCODER_TARGETS,
    LANGUAGE_MODEL_ADAPTERS,
    UNET_LAYER,
)
from rw_hooks.artifact.read.header import Tensor

__all__ = ["Identity", "identify"]

_EMBEDDING_WIDTHS = {768: "sd1", 1024: "sd2"}
_MOST_VECTORS = 512
_MOST_EMBEDDING_TENSORS = 8
_FEW_TENSORS = 8
_INPAINTING_CHANNELS = {9, 384}
_GUIDED = ("flux1d", "fluxkontextdev")
_LCM = {"sd1": ("sd1xlcm",), "sdxl": ("sdxllcm",)}
_CONTROL_FORMATS = (
    ("lllite_", "lllite"),
    ("control_model.", "controlnet-ldm"),
    ("zero_convs.", "controlnet-ldm"),
    ("double_blocks.", None),
    ("controlnet_", "controlnet-diffusers"),
)
# Norms and leftovers: not layers that are in the layer table.
_UNSIZED = frozenset({"alpha", "dora", "w_norm", "b_norm"})
_PLAIN_PREFIXES = {"base_model.model.", "transformer."}
_CLIP_L, _CLIP_G, _T5 = 768, 1280, 4096
_CLIP_L_FAMILIES = ("sd1", "sdxl", "sd3", "flux1", "hidream")


@dataclass(frozen=True)
class Identity:
    """What the structure says.

    Attributes:
        category: One of the six, ``other``, or None.
        type: base, inpainting, refiner; None where it has none or it cannot be told.
        families: Those that the structure leaves open; empty when it says nothing.
        architectures: The only architectures possible, where the structure says more than the family; else empty.
        format: The naming scheme of the keys.
        algorithm: Of an adapter.
        code: Why it must not be published, as a finding's code; None when it may.
        reasons: The facts that matched.
        adapter: The adapter's keys, when it is one.
    """

    category: str | None = None
    type: str | None = None
    families: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    format: str | None = None
    algorithm: str | None = None
    code: str | None = None
    reasons: tuple[str, ...] = ()
    adapter: Adapter | None = None


def identify(tensors: Iterable[Tensor], metadata: Mapping[str, str]) -> Identity:
    """Say what the structure of a file shows."""
    tensors = tuple(tensors)
    names = Names({tensor.name: tensor.shape for tensor in tensors})
    adapter = take_apart(tensors)
    control = _controlnet(names)
    if control is not None:
        return control
    if adapter.found:
        return _merged_checkpoint(names) or _adapter(adapter, metadata)
    return (
        _refused(names, ("ip_adapter", "t2i_adapter", "motion_module", "optimizer_state", "dataset_cache"))
        or _embedding(tensors)
        or _checkpoint(names)
        or _vae(names)
        or _refused(names)
        or _too_small(tensors)
        or Identity()
    )


def _controlnet(names: Names) -> Identity | None:
    for prefix in others.CONTROLNET_PREFIXES:
        below = names.under(prefix)
        row = first_match(others.CONTROLNETS, below) if below.shapes else None
        if row is None:
            continue
        scheme = next((scheme for start, scheme in _CONTROL_FORMATS if below.starting(start)), None)
        # diffusers' FluxControlNetModel has no guidance input unless it is asked for, whatever it was trained for.
        architectures = _GUIDED if row.answers == ("flux1",) and _is_guided(below) else ()
        return Identity("controlnet", None, row.answers, architectures, scheme, reasons=row.why)
    return None


def _merged_checkpoint(names: Names) -> Identity | None:
    """A checkpoint with leftovers of a merged adapter has the base's own weights at full size."""
    found = _checkpoint(names)
    return found if found is not None and found.families else None


def _adapter(adapter: Adapter, metadata: Mapping[str, str]) -> Identity:
    algorithm = adapter_algorithm(adapter, metadata)
    families, reasons = _adapter_families(adapter)
    refused = _refused_adapter(adapter, algorithm, metadata, known=bool(families))
    if refused is not None:
        return refused
    guided = families == ("flux1",) and any(layer.path.startswith("guidance_in") for layer in adapter.denoiser)
    return Identity(
        adapter_category(algorithm, metadata),
        families=families,
        architectures=_GUIDED if guided else (),
        format=adapter_format(adapter, algorithm),
        algorithm=algorithm,
        reasons=reasons,
        adapter=adapter,
    )


def _refused_adapter(
    adapter: Adapter, algorithm: str | None, metadata: Mapping[str, str], *, known: bool
) -> Identity | None:
    # Some transformers that make images call their layers as language models do (ERNIE-Image).
    if adapter.prefixes <= _PLAIN_PREFIXES and not (known and "base_model.model." not in adapter.prefixes):
        row = first_match(LANGUAGE_MODEL_ADAPTERS, Layers(adapter.denoiser))
        if row is not None:
            return Identity("other", algorithm=algorithm, code="not_an_image_model", reasons=row.why)
    if _is_onetrainer_backup(adapter, metadata):
        reasons = ("OneTrainer's internal names",)
        return Identity("other", algorithm=algorithm, code="training_state", reasons=reasons, adapter=adapter)
    return None


def _adapter_families(adapter: Adapter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the families that the adapted layers leave open, and why.

    The denoiser's layers decide; adapted text encoders choose among what those leave open.
    """
    families, reasons = _denoiser_families(adapter)
    # Anima is Cosmos-Predict 2 with a language model; sd-scripts, whose names kohya's are, trains only the former.
    if families == ("anima", "cosmos_predict2") and "lora_unet_" in adapter.prefixes:
        families = ("anima",)
    encoders = first_match(ENCODER_TARGETS, Layers(adapter.layers.values()))
    if encoders is None:
        return families, reasons
    if not families:
        known = not adapter.denoiser or Layers(adapter.denoiser).holds(UNET_LAYER)
        return (encoders.answers, encoders.why) if known else ((), ())
    both = tuple(family for family in families if family in encoders.answers)
    return (both, (*reasons, *encoders.why)) if both else (families, reasons)


def _denoiser_families(adapter: Adapter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compare the layers with those of the published models; where their sizes fit none, ask for names and widths."""
    layers = [layer for layer in adapter.denoiser if layer.tensors.keys() - _UNSIZED]
    fit = compare(Place(layer.path, layer.width, layer.outputs) for layer in layers)
    if fit is not None and fit.families:
        return fit.families, fit.reasons
    row = first_match(ADAPTER_TARGETS, Layers(adapter.denoiser))
    if row is None:
        return (), ()
    named = compare(Place(layer.path, None, None) for layer in layers)
    return tuple(family for family in row.answers if named is None or family in named.families), row.why


def _is_onetrainer_backup(adapter: Adapter, metadata: Mapping[str, str]) -> bool:
    """OneTrainer's backups keep its internal names, which it converts in every file that it saves as a result."""
    internal = "unet." in adapter.prefixes and "lora_down.weight" in adapter.suffixes
    return internal and any(key.startswith("ot_") for key in metadata)


def _checkpoint(names: Names) -> Identity | None:
    fallback: tuple[Signature, str, Names] | None = None
    for prefix in tables.CHECKPOINT_PREFIXES:
        below = names.under(prefix)
        if not below.shapes:
            continue
        row = first_match(tables.CHECKPOINTS, below)
        if row is not None and not row.answer:
            row = first_match(tables.WHOLE_CHECKPOINTS, names) or row
        if row is not None and row.answer:
            return _identified(row.answers, row.why, prefix, below)
        fit = cover(_weights(below))
        if fit is not None:
            return _identified(fit.families, fit.reasons, prefix, below)
        if row is not None and fallback is None:
            fallback = (row, prefix, below)
    return _identified(fallback[0].answers, fallback[0].why, *fallback[1:]) if fallback else None


def _weights(names: Names) -> Iterator[Place]:
    """Base weights as layers; packed and flattened ones do not tell their sizes."""
    for name, shape in names.shapes.items():
        stem = name.removesuffix(".weight").removesuffix(".qweight")
        if stem == name:
            continue
        told = name.endswith(".weight") and math.prod(shape[1:]) > 1
        outputs, inputs = shape[:2] if told else (None, None)
        yield Place(stem.replace(".", "_"), inputs, outputs)


def _identified(families: tuple[str, ...], reasons: tuple[str, ...], prefix: str, below: Names) -> Identity:
    architectures: tuple[str, ...] = ()
    if families == ("flux1",):
        # Of whole models only the distilled schnell goes without a guidance input.
        architectures = _GUIDED if _is_guided(below) else ("flux1s",)
    elif below.holds("time_embedding.cond_proj.weight") or below.holds("time_embed.cond_proj.weight"):
        architectures = _LCM.get(families[0], ()) if families else ()
    return Identity(
        "checkpoint",
        _checkpoint_type(families, below),
        families,
        architectures,
        _checkpoint_format(families, prefix, below),
        reasons=(*reasons, *([f"prefix {prefix}"] if prefix else [])),
    )


def _is_guided(names: Names) -> bool:
    return bool(names.starting("guidance_in.") or names.starting("time_text_embed.guidance_embedder."))


def _checkpoint_type(families: tuple[str, ...], below: Names) -> str:
    if families == ("sdxl_refiner",):
        return "refiner"
    for name in ("input_blocks.0.0.weight", "conv_in.weight", "img_in.weight", "x_embedder.weight"):
        shape = below.shapes.get(name, ())
        if len(shape) > 1 and shape[1] in _INPAINTING_CHANNELS:
            return "inpainting"
    return "base"


def _checkpoint_format(families: tuple[str, ...], prefix: str, below: Names) -> str:
    if prefix in {"model.diffusion_model.", "diffusion_model."} or families == ("qwen_image",):
        return "single-file"
    return "diffusers-component" if any(map(below.holds, tables.DIFFUSERS_NAMES)) else "single-file"


def _vae(names: Names) -> Identity | None:
    for prefix in others.VAE_PREFIXES:
        below = names.under(prefix)
        row = first_match(others.VAES, below) if 2 * len(below.shapes) >= len(names.shapes) else None
        if row is not None:
            diffusers = below.starting("decoder.mid_block.") or below.starting("decoder.up_blocks.")
            return Identity(
                "vae", None, row.answers, format="vae-diffusers" if diffusers else "vae-ldm", reasons=row.why
            )
    return None


def _refused(names: Names, codes: tuple[str, ...] = ()) -> Identity | None:
    row = first_match([row for row in others.OTHERS if not codes or row.answer in codes], names)
    if row is None:
        return None
    code = "not_an_image_model" if row.answer == "language_model" else row.answer
    return Identity("other", code=code, reasons=row.why)


def _embedding(tensors: tuple[Tensor, ...]) -> Identity | None:
    """A few matrices of one row a vector: kohya, diffusers, OneTrainer and pivotal tuning write them so."""
    if len(tensors) > _MOST_EMBEDDING_TENSORS or not all(map(_is_embedding, tensors)):
        return None
    widths = {tensor.name: tensor.shape[-1] for tensor in tensors}
    if widths.keys() <= {"emb_params", "emp_params"}:
        return _embedding_of(widths, "embedding-kohya" if "emb_params" in widths else "embedding-onetrainer")
    if any(name in {"clip_l", "clip_g", "t5"} or name.startswith("text_encoders_") for name in widths):
        return _embedding_of(widths, "embedding-kohya")
    known = set(widths.values()) <= {*_EMBEDDING_WIDTHS, _CLIP_G} and not any("." in name for name in widths)
    if known or all(name.startswith("<") and name.endswith(">") for name in widths):
        return _embedding_of(widths, "embedding-diffusers")
    return None


def _is_embedding(tensor: Tensor) -> bool:
    few = len(tensor.shape) == 1 or (len(tensor.shape) == 2 and tensor.shape[0] <= _MOST_VECTORS)  # noqa: PLR2004
    return few and not tensor.name.endswith((".weight", ".bias"))


def _embedding_of(widths: dict[str, int], scheme: str) -> Identity:
    sizes = set(widths.values())
    families: tuple[str, ...] = ()
    if "llama" in widths:
        families = ("hidream",)
    elif _T5 in sizes and _CLIP_L in sizes:
        families = ("sd3",) if _CLIP_G in sizes else ("flux1",)
    elif _CLIP_G in sizes and _CLIP_L in sizes:
        families = ("sdxl",)
    elif widths.keys() & {"clip_l", "text_encoders_0"}:
        families = _CLIP_L_FAMILIES if _CLIP_L in sizes else ()
    elif len(sizes) == 1:
        families = tuple(family for width, family in _EMBEDDING_WIDTHS.items() if width in sizes)
    facts = tuple(f"{name} of width {width}" for name, width in widths.items())
    # Every model that reads the larger CLIP reads the smaller one too.
    code = "half_embedding" if sizes == {_CLIP_G} else None
    return Identity("embeddings", None, families, format=scheme, code=code, reasons=facts)


def _too_small(tensors: tuple[Tensor, ...]) -> Identity | None:
    """A few layers of a plain network cannot be an image model."""
    if len(tensors) > _FEW_TENSORS or not all(tensor.name.endswith((".weight", ".bias")) for tensor in tensors):
        return None
    return Identity("other", code="not_an_image_model", reasons=(f"only {len(tensors)} tensors",))
