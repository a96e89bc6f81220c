"""What the numbers of a file are worth: findings from the scan of its contents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import median

from rw_hooks.artifact.identify.adapters import Adapter, Layer
from rw_hooks.artifact.model import Finding, Severity
from rw_hooks.artifact.read.numbers import Contents

__all__ = ["content_findings"]

_MAX_SHOWN = 10
_HUGE = 1000.0
_FAR_ABOVE_MEDIAN = 10.0
_ENOUGH_LAYERS = 8
_F16_EDGE = 65504.0
# A product changes nothing while one factor is zero. Training starts so; LyCORIS and PEFT choose different factors.
_PRODUCTS = (
    ("down", "mid", "up"),
    ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2"),
    ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t1", "lokr_t2"),
    ("glora_b1", "glora_b2"),
    ("oft_blocks",),
    ("boft_blocks",),
    ("diff",),
    ("ia3",),
)
# What is added beside a product: often zero, and enough to change the model where it is not.
_SUMMANDS = (("up_bias",), ("diff_b",), ("w_norm",), ("b_norm",))
_NEVER_ZERO = ("down", "hada_w1_b")


def content_findings(contents: Mapping[str, Contents], adapter: Adapter | None) -> list[Finding]:
    """Return what the numbers say; ``adapter`` when the file is one."""
    findings = [*_not_finite(contents, _unused_alphas(adapter)), *_all_zero(contents)]
    if adapter is not None:
        findings += [*_untrained(contents, adapter), *_dead_inputs(contents, adapter)]
        findings += [*_huge(contents, adapter), *_outstanding(contents, adapter)]
    return [*findings, *_edges(contents)]


def _unused_alphas(adapter: Adapter | None) -> set[str]:
    layers = adapter.layers.values() if adapter else ()
    return {layer.tensors["alpha"].name for layer in layers if "alpha" in layer.tensors and layer.alpha is None}


def _not_finite(contents: Mapping[str, Contents], unused: set[str]) -> Iterable[Finding]:
    bad = [name for name, content in contents.items() if not content.finite and name not in unused]
    if bad:
        message = f"{len(bad)} of {len(contents)} tensors hold NaN or Inf; the training diverged, use an earlier save"
        yield _finding("nan_values", "error", message, bad)


def _all_zero(contents: Mapping[str, Contents]) -> Iterable[Finding]:
    if contents and all(content.zero for content in contents.values()):
        yield _finding("all_zero", "error", "every number in the file is zero, so it has no trained weights", ())


def _untrained(contents: Mapping[str, Contents], adapter: Adapter) -> Iterable[Finding]:
    held = adapter.layers.values()
    layers = [layer for layer in held if _held(layer, _PRODUCTS)]
    idle = [layer for layer in layers if not _acts(contents, layer)]
    if idle and not any(_acts(contents, layer) for layer in held):
        message = "every layer has a factor that is zero: the adapter was never trained, or its training had no effect"
        yield _finding("untrained", "error", message, (layer.name for layer in idle))
        return
    names = [layer.name for layer in idle if not _has_dead_input(contents, layer)]
    if names:
        message = f"{len(names)} of {len(layers)} layers have a factor that is zero, so they were not trained"
        yield _finding("untrained_layers", "warning", message, names)


def _acts(contents: Mapping[str, Contents], layer: Layer) -> bool:
    """Whether the layer changes the model: one of its products has no factor that is zero."""
    return any(
        not any(_zero(contents, layer, role) for role in roles) for roles in _held(layer, (*_PRODUCTS, *_SUMMANDS))
    )


def _held(layer: Layer, products: Iterable[tuple[str, ...]]) -> list[list[str]]:
    held = ([role for role in roles if role in layer.tensors] for roles in products)
    return [roles for roles in held if roles]


def _dead_inputs(contents: Mapping[str, Contents], adapter: Adapter) -> Iterable[Finding]:
    dead = [layer.name for layer in adapter.layers.values() if _has_dead_input(contents, layer)]
    if dead:
        message = f"{len(dead)} down matrices are zero; they start with random numbers, so these layers are broken"
        yield _finding("zero_down", "warning", message, dead)


def _has_dead_input(contents: Mapping[str, Contents], layer: Layer) -> bool:
    return any(_zero(contents, layer, role) for role in _NEVER_ZERO if role in layer.tensors)


def _zero(contents: Mapping[str, Contents], layer: Layer, role: str) -> bool:
    content = contents.get(layer.tensors[role].name)
    return content is not None and content.zero


def _huge(contents: Mapping[str, Contents], adapter: Adapter) -> Iterable[Finding]:
    names = [
        tensor.name
        for layer in adapter.layers.values()
        for role, tensor in layer.tensors.items()
        if role != "alpha" and ((content := contents.get(tensor.name)) and (content.peak or 0.0) > _HUGE)
    ]
    if names:
        yield _finding("huge_values", "warning", f"{len(names)} tensors hold values above 1000", names)


def _outstanding(contents: Mapping[str, Contents], adapter: Adapter) -> Iterable[Finding]:
    """Find layers that change the model far more than the others do, as a layer that diverged would."""
    strengths = {layer.name: _strength(contents, layer) for layer in adapter.layers.values()}
    known = {name: strength for name, strength in strengths.items() if strength}
    if len(known) < _ENOUGH_LAYERS:
        return
    middle = median(known.values())
    far = [name for name, strength in known.items() if strength > _FAR_ABOVE_MEDIAN * middle]
    if far:
        message = f"{len(far)} layers are more than ten times as strong as the median layer"
        yield _finding("outstanding_layers", "warning", message, far)


def _strength(contents: Mapping[str, Contents], layer: Layer) -> float | None:
    """Estimate the size of one number of up @ down, scaled as loaders scale it, from the first numbers of both."""
    if not {"down", "up"} <= layer.tensors.keys() or not layer.rank:
        return None
    down, up = (contents.get(layer.tensors[role].name) for role in ("down", "up"))
    if down is None or up is None or down.rms is None or up.rms is None:
        return None
    alpha = contents.get(layer.tensors["alpha"].name) if "alpha" in layer.tensors else None
    scale = alpha.value / layer.rank if alpha and alpha.value is not None else 1.0
    return abs(scale) * down.rms * up.rms * math.sqrt(layer.rank)


def _edges(contents: Mapping[str, Contents]) -> Iterable[Finding]:
    edge = [name for name, content in contents.items() if content.f16 and (content.peak or 0.0) >= _F16_EDGE]
    if edge:
        message = f"{len(edge)} F16 tensors reach 65504, the largest F16 number: values were cut off"
        yield _finding("f16_edge", "warning", message, edge)
    subnormal = [name for name, content in contents.items() if content.f16 and content.subnormal]
    if subnormal:
        message = f"{len(subnormal)} F16 tensors hold only subnormal numbers: their precision is lost"
        yield _finding("f16_subnormal", "warning", message, subnormal)


def _finding(code: str, severity: Severity, message: str, tensors: Iterable[str]) -> Finding:
    return Finding(code=code, severity=severity, message=message, tensors=tuple(tensors)[:_MAX_SHOWN])
