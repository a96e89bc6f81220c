"""Inspecting a file: this module joins the parts of this package into one :class:`Inspection`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rw_hooks.artifact.checks.adapter import adapter_findings, dtype_findings
from rw_hooks.artifact.checks.location import Refusal, refusal_by_place
from rw_hooks.artifact.checks.privacy import privacy_findings
from rw_hooks.artifact.checks.publishable import refusal_finding
from rw_hooks.artifact.checks.strength import common_alpha, common_rank
from rw_hooks.artifact.claims import read_claims
from rw_hooks.artifact.identify.hash_claims import hash_findings
from rw_hooks.artifact.identify.kind import Identity, identify
from rw_hooks.artifact.identify.resolve import decide
from rw_hooks.artifact.model import Claims, Finding, Inspection
from rw_hooks.artifact.read.header import Header
from rw_hooks.artifact.read.one_pass import Hashes, OpenFile, Sink, open_file, read_data, read_header

if TYPE_CHECKING:
    from rw_hooks.artifact.read.numbers import Contents

__all__ = ["inspect"]

_AUTOV2_DIGITS = 10
_AUTOV3_DIGITS = 12


def inspect(  # noqa: PLR0913 - each keyword is one wish of a caller
    path: Path | str,
    *,
    header_only: bool = False,
    progress: Callable[[int, int], None] | None = None,
    copy_to: Path | None = None,
    placed: Path | None = None,
    blake3: bool = False,
) -> Inspection:
    """Read one file, and return what it is, whether it is sound, and its warnings.

    A file that must not be published raises nothing: its ``findings`` say why.

    Args:
        path: The file.
        header_only: Read only the header: without hashes, and without checks of the numbers.
        progress: Is called with (bytes done, bytes in all), about once in two megabytes.
        copy_to: Where to put a private copy (mode 0600) of exactly the bytes that were hashed.
        placed: The trainer's path of the file, if ``path`` is a link or a copy of it, because its name and the files
            beside it are checked too.
        blake3: Whether to compute the BLAKE3 hash too.

    Raises:
        UsageError: There is no such file.
        ArtifactError: It is a folder, a device or a pipe, or it may not be read.
        ArtifactChangedError: It was rewritten or replaced while it was being read.
        MissingError: ``blake3`` is wanted and the package is not installed.
    """
    path = Path(path)
    placed = placed or path
    with open_file(path, copy_to) as file:
        header = read_header(file)
        if isinstance(header, Finding):
            hashes = Hashes() if header_only else read_data(file, None, progress=progress, blake3=blake3)
            return _unreadable(file, header, hashes)
        refusal = refusal_by_place(placed)
        identity = _placed(identify(header.tensors, header.metadata), refusal)
        data = _Data()
        if not header_only:
            data = _read_data(
                file, header, identity, lambda sink: read_data(file, sink, progress=progress, blake3=blake3)
            )
    return _inspection(file, header, identity, data, refusal)


@dataclass(frozen=True)
class _Data:
    """What was found after the header; empty if only the header was read."""

    hashes: Hashes = field(default_factory=Hashes)
    contents: Mapping[str, Contents] = field(default_factory=dict[str, "Contents"])
    findings: tuple[Finding, ...] = ()


def _read_data(file: OpenFile, header: Header, identity: Identity, read: Callable[[Sink], Hashes]) -> _Data:
    """Scan and hash the file. numpy is imported only here, so that reading only the header is fast."""
    from rw_hooks.artifact.checks.weights import content_findings
    from rw_hooks.artifact.read.numbers import Scanner
    from rw_hooks.artifact.read.official_library import last_gate

    layers = identity.adapter.layers.values() if identity.adapter else ()
    scanner = Scanner(header.tensors, (tensor.name for layer in layers for tensor in layer.tensors.values()))
    hashes = read(scanner)
    refusals = last_gate(file.path, {tensor.dtype for tensor in header.tensors})
    findings = (*content_findings(scanner.contents, identity.adapter), *refusals)
    return _Data(hashes, scanner.contents, findings)


def _unreadable(file: OpenFile, finding: Finding, hashes: Hashes) -> Inspection:
    return Inspection(
        path=str(file.path),
        size=file.size,
        valid=False,
        sha256=hashes.sha256,
        autov2=_short(hashes.sha256, _AUTOV2_DIGITS),
        blake3=hashes.blake3,
        findings=(finding,),
    )


def _placed(identity: Identity, refusal: Refusal | None) -> Identity:
    """Correct the identity by the file's place, if the header alone does not show it."""
    code = refusal.code if refusal else None
    if code == "training_state":
        return replace(identity, category="other", families=(), architectures=(), format=None)
    if code == "diffusers_component":
        return replace(identity, category="checkpoint", format="diffusers-component")
    if code == "half_embedding":
        return replace(identity, families=())
    if identity.format == "diffusers-component":
        return replace(identity, code="diffusers_component")
    return identity


def _inspection(file: OpenFile, header: Header, identity: Identity, data: _Data, refusal: Refusal | None) -> Inspection:
    claims = _with_token(read_claims(header.metadata), header, identity)
    decision = decide(identity, claims)
    adapter, hashes = identity.adapter, data.hashes
    findings = (
        *header.findings,
        *data.findings,
        *refusal_finding(refusal, identity.code),
        *decision.findings,
        *(adapter_findings(adapter, claims, data.contents) if adapter else ()),
        *dtype_findings(header.tensors, adapter),
        *hash_findings(header.metadata, hashes.data_sha256),
        *privacy_findings(header.metadata),
    )
    return Inspection(
        path=str(file.path),
        size=file.size,
        valid=not any(finding.severity == "error" for finding in findings),
        sha256=hashes.sha256,
        autov2=_short(hashes.sha256, _AUTOV2_DIGITS),
        autov3=_short(hashes.data_sha256, _AUTOV3_DIGITS),
        category=identity.category,
        type=_type(identity, claims),
        family=decision.family,
        architecture=decision.architecture,
        candidates=decision.candidates,
        format=identity.format,
        algorithm=identity.algorithm,
        rank=common_rank(adapter) if adapter else None,
        alpha=common_alpha(adapter, data.contents) if adapter else None,
        dtypes=dict(Counter(tensor.dtype for tensor in header.tensors).most_common()),
        tensors=len(header.tensors),
        parameters=sum(tensor.elements for tensor in header.tensors),
        claims=claims,
        findings=findings,
        metadata=header.metadata,
        reasons=(*identity.reasons, *decision.reasons),
        data_sha256=hashes.data_sha256,
        blake3=hashes.blake3,
    )


def _with_token(claims: Claims, header: Header, identity: Identity) -> Claims:
    """Read a trigger word from a tensor's name, if the trainer writes it there.

    diffusers calls an embedding's tensor by its word; OneTrainer bundles a LoRA's as ``bundle_emb.<word>.clip_l``.
    """
    names = [tensor.name for tensor in header.tensors]
    if identity.format == "embedding-diffusers":
        words = names
    else:
        words = [name.split(".")[1] for name in names if name.startswith("bundle_emb.") and name.count(".") > 1]
    if not words or claims.trigger_words:
        return claims
    sources = {**claims.sources, "trigger_words": "tensor name"}
    return replace(claims, trigger_words=tuple(dict.fromkeys(words)), sources=sources)


def _type(identity: Identity, claims: Claims) -> str | None:
    if identity.category == "embeddings":
        return "negative" if claims.is_negative else "positive"
    return identity.type


def _short(digest: str | None, digits: int) -> str | None:
    return digest[:digits] if digest else None
