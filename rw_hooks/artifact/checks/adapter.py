"""Whether an adapter's layers are whole: pairs, ranks, alphas, one naming scheme, dtypes that make sense.

Guards against false alarms are those of ``trainers.md``: musubi-tuner's converter folds alpha into the matrices and
copies the old metadata, PEFT keeps alpha in its own configuration, ranks may differ between layers by design.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rw_hooks.artifact.identify.adapters import Adapter, Layer
from rw_hooks.artifact.model import Claims, Finding, Severity
from rw_hooks.artifact.read.header import Tensor

if TYPE_CHECKING:
    from rw_hooks.artifact.read.numbers import Contents

__all__ = ["adapter_findings", "dtype_findings"]

_MAX_SHOWN = 10
_SUSPICIOUS_ALPHA = 4
_STALE_AFTER_CONVERSION = ("lora_A.weight", "lora_B.weight")
_PARTNERS = (
    ({"down"}, {"up"}),
    ({"hada_w1_a", "hada_w2_a"}, {"hada_w1_b", "hada_w2_b"}),
    ({"lokr_w1_a"}, {"lokr_w1_b"}),
    ({"lokr_w2_a"}, {"lokr_w2_b"}),
)
_SCHEMES = (
    frozenset({"lora_down.weight", "lora_up.weight"}),
    frozenset({"lora_A.weight", "lora_B.weight"}),
    frozenset({"lora.down.weight", "lora.up.weight"}),
    frozenset({"hada_w1_a"}),
    frozenset({"lokr_w1", "lokr_w1_a"}),
    frozenset({"oft_blocks"}),
)
# Not adapted layers, and still at home in adapter files: norms of a BFL control LoRA, OneTrainer's bundled embeddings,
# full weights that PEFT's modules_to_save keeps.
_KNOWN_OTHERS = (".scale", "lora_controlnet", ".modules_to_save.")
_KNOWN_OTHER_STARTS = ("bundle_emb.",)


def adapter_findings(adapter: Adapter, claims: Claims, contents: Mapping[str, Contents]) -> list[Finding]:
    """Return what is wrong or odd about the layers of an adapter."""
    return [
        *_unpaired(adapter),
        *_rank_mismatches(adapter),
        *_rank_claim(adapter, claims),
        *_alphas(adapter, claims, contents),
        *_lost_alpha(adapter, claims),
        *_mixed_schemes(adapter),
        *_unknown(adapter),
    ]


def dtype_findings(tensors: Iterable[Tensor], adapter: Adapter | None) -> list[Finding]:
    """Return dtypes that no trainer means."""
    tensors = [tensor for tensor in tensors if tensor.elements > 1]
    findings: list[Finding] = []
    wide = [tensor.name for tensor in tensors if tensor.dtype == "F64" or (adapter and tensor.dtype == "I64")]
    if wide:
        message = f"{len(wide)} tensors are stored in 64 bits; F16 or BF16 needs a quarter of the space"
        findings.append(_finding("wide_dtype", "warning", message, wide))
    small = [tensor.name for tensor in tensors if tensor.dtype.startswith("F8")] if adapter else []
    if small:
        message = f"{len(small)} adapter tensors are stored in 8 bits, which most loaders do not expect"
        findings.append(_finding("fp8_adapter", "warning", message, small))
    return findings


def _unpaired(adapter: Adapter) -> Iterable[Finding]:
    alone = [layer.name for layer in adapter.layers.values() if not _is_paired(layer)]
    if alone:
        message = f"{len(alone)} layers have only one of their two matrices; the file is incomplete, save it again"
        yield _finding("unpaired", "error", message, alone)
    orphans = [layer.name for layer in adapter.layers.values() if layer.tensors.keys() <= {"alpha", "dora"}]
    if orphans:
        message = f"{len(orphans)} alphas or magnitudes belong to layers without matrices"
        yield _finding("orphan_alpha", "warning", message, orphans)


def _is_paired(layer: Layer) -> bool:
    held = layer.tensors.keys()
    return all(not (held & (left | right)) or held >= left | right for left, right in _PARTNERS)


def _rank_mismatches(adapter: Adapter) -> Iterable[Finding]:
    wrong = [layer.name for layer in adapter.layers.values() if not _ranks_agree(layer)]
    if wrong:
        message = f"{len(wrong)} layers have two matrices whose ranks differ; they cannot be multiplied"
        yield _finding("rank_mismatch", "error", message, wrong)


def _ranks_agree(layer: Layer) -> bool:
    down, up = layer.tensors.get("down"), layer.tensors.get("up")
    if down is None or up is None or len(down.shape) < 2 or len(up.shape) < 2:  # noqa: PLR2004 - matrices
        return True
    return down.shape[0] == up.shape[1]


def _rank_claim(adapter: Adapter, claims: Claims) -> Iterable[Finding]:
    ranks = {layer.rank for layer in adapter.layers.values() if "down" in layer.tensors} - {None}
    if claims.rank and ranks and claims.rank not in ranks and "ss_network_dim" in claims.sources.values():
        shown = ", ".join(map(str, sorted(filter(None, ranks))[:5]))
        message = f"the metadata says rank {claims.rank}, but the matrices have {shown}"
        yield _finding("rank_claim", "warning", message)


def _alphas(adapter: Adapter, claims: Claims, contents: Mapping[str, Contents]) -> Iterable[Finding]:
    alphas = {layer.name: _alpha(layer, contents) for layer in adapter.layers.values()}
    known = {name: alpha for name, alpha in alphas.items() if alpha is not None}
    useless = [name for name, alpha in known.items() if not math.isfinite(alpha) or alpha <= 0]
    if useless:
        message = f"{len(useless)} layers have an alpha that is zero, negative or not a number"
        yield _finding("bad_alpha", "warning", message, useless)
    large = [name for name, alpha in known.items() if alpha > _SUSPICIOUS_ALPHA * (adapter.layers[name].rank or alpha)]
    if large:
        message = f"{len(large)} layers have an alpha of more than four times their rank, which amplifies them"
        yield _finding("large_alpha", "warning", message, large)
    values = set(known.values())
    if claims.alpha and len(values) == 1 and not math.isclose(claims.alpha, next(iter(values)), rel_tol=0.01):
        stored = next(iter(values))
        message = f"the metadata says alpha {claims.alpha:g}, but the tensors say {stored:g}; loaders use the tensors"
        yield _finding("alpha_claim", "warning", message)


def _alpha(layer: Layer, contents: Mapping[str, Contents]) -> float | None:
    content = contents.get(layer.alpha.name) if layer.alpha is not None else None
    if content is None:
        return None
    return content.value if content.finite else math.nan


def _lost_alpha(adapter: Adapter, claims: Claims) -> Iterable[Finding]:
    """Warn where the matrices were trained at another strength than a loader will use."""
    has_alpha = any("alpha" in layer.tensors for layer in adapter.layers.values())
    peft_names = adapter.suffixes & set(_STALE_AFTER_CONVERSION)
    if has_alpha or peft_names or not claims.alpha or not claims.rank or claims.alpha == claims.rank:
        return
    message = f"trained with alpha {claims.alpha:g} and rank {claims.rank}, but the file stores no alpha"
    yield _finding("alpha_lost", "warning", message + "; loaders will use a strength of 1")


def _mixed_schemes(adapter: Adapter) -> Iterable[Finding]:
    found = [scheme for scheme in _SCHEMES if scheme & adapter.suffixes]
    if len(found) > 1:
        shown = " and ".join(min(scheme) for scheme in found)
        message = f"the file mixes naming schemes ({shown}); most loaders read only one of them"
        yield _finding("mixed_formats", "warning", message)


def _unknown(adapter: Adapter) -> Iterable[Finding]:
    unknown = [tensor.name for tensor in adapter.others if not _is_known_other(tensor.name)]
    if unknown:
        message = f"{len(unknown)} tensors are not part of any known kind of adapter"
        yield _finding("unknown_keys", "warning", message, unknown)


def _is_known_other(name: str) -> bool:
    return name.startswith(_KNOWN_OTHER_STARTS) or any(part in name for part in _KNOWN_OTHERS)


def _finding(code: str, severity: Severity, message: str, tensors: Iterable[str] = ()) -> Finding:
    return Finding(code=code, severity=severity, message=message, tensors=tuple(tensors)[:_MAX_SHOWN])
