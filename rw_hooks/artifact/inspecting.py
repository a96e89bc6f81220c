"""The inspect stage: one file in, one :class:`Inspection` out. Here the parts of this package are joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rw_hooks.artifact.claims import read_claims
from rw_hooks.artifact.decision import Decision, decide
from rw_hooks.artifact.header import Header
from rw_hooks.artifact.hashclaims import hash_findings
from rw_hooks.artifact.identify import Identity, identify
from rw_hooks.artifact.model import Claims, Finding, Inspection
from rw_hooks.artifact.neighbours import is_backup, is_component, is_shard, is_training_state
from rw_hooks.artifact.privacy import privacy_findings
from rw_hooks.artifact.reading import Hashes, OpenFile, open_file, read_data, read_header
from rw_hooks.artifact.refusal import refusal_finding
from rw_hooks.artifact.soundness import adapter_findings, dtype_findings
from rw_hooks.artifact.strength import common_alpha, common_rank

if TYPE_CHECKING:
    from rw_hooks.artifact.scan import Contents

__all__ = ["inspect"]

_AUTOV2_DIGITS = 10
_AUTOV3_DIGITS = 12


def inspect(
    path: Path | str,
    *,
    header_only: bool = False,
    progress: Callable[[int, int], None] | None = None,
    copy_to: Path | None = None,
    placed: Path | None = None,
    blake3: bool = False,
) -> Inspection:
    """Read one file and say what it is, whether it is sound, and what to mind.

    A bad file raises nothing: its inspection says so in ``findings``.

    Args:
        path: The file.
        header_only: Read the header alone: no hashes, nothing about the numbers.
        progress: Called with (bytes done, bytes in all), about once a megabyte.
        copy_to: Where to put a private copy (mode 0600) of exactly the bytes that were hashed.
        placed: Where the trainer put the file, when ``path`` is a link or a copy of it: its name and its neighbours
            there say something too.
        blake3: Whether that hash is wanted too.

    Raises:
        UsageError: There is no such file.
        ArtifactError: It is a folder, a device or a pipe, or may not be read.
        ArtifactChangedError: It was rewritten or replaced while it was being read.
        MissingError: ``blake3`` is wanted and the package is not installed.
    """
    path = Path(path)
    placed = placed or path
    with open_file(path, copy_to) as file:
        header = read_header(file)
        if isinstance(header, Finding):
            hashes = None if header_only else read_data(file, None, progress=progress, blake3=blake3)
            return _unreadable(file, header, hashes)
        identity = _placed(identify(header.tensors, header.metadata), placed)
        findings = [*header.findings, *_place_findings(placed)]
        hashes: Hashes | None = None
        contents: dict[str, Contents] = {}
        if not header_only:
            hashes, contents = _read_contents(file, header, identity, progress, blake3=blake3)
            findings += [*_content_findings(contents, identity), *_gate_findings(path)]
    return _inspection(file, header, identity, hashes, contents, findings)


def _read_contents(
    file: OpenFile, header: Header, identity: Identity, progress: Callable[[int, int], None] | None, *, blake3: bool
) -> tuple[Hashes, dict[str, Contents]]:
    from rw_hooks.artifact.scan import Scanner

    layers = identity.adapter.layers.values() if identity.adapter else ()
    scanner = Scanner(header.tensors, (tensor.name for layer in layers for tensor in layer.tensors.values()))
    return read_data(file, scanner, progress=progress, blake3=blake3), scanner.contents


def _content_findings(contents: dict[str, Contents], identity: Identity) -> list[Finding]:
    from rw_hooks.artifact.contents import content_findings

    return content_findings(contents, identity.adapter)


def _gate_findings(path: Path) -> tuple[Finding, ...]:
    from rw_hooks.artifact.gate import last_gate

    return last_gate(path)


def _unreadable(file: OpenFile, finding: Finding, hashes: Hashes | None) -> Inspection:
    return Inspection(path=str(file.path), size=file.size, valid=False, findings=(finding,), **_hash_fields(hashes))


def _placed(identity: Identity, path: Path) -> Identity:
    """Correct the identity by where the file lies, where its header alone cannot tell."""
    if identity.adapter is not None and (is_training_state(path) or is_backup(path)):
        return replace(identity, category="other", families=(), architectures=(), format=None, code="training_state")
    if identity.category in {"checkpoint", "vae"} or identity.code in {"text_encoder", "image_encoder"}:
        if is_component(path):
            return replace(identity, category="checkpoint", format="diffusers-component", code="diffusers_component")
        if is_training_state(path):
            return replace(identity, category="other", format=None, code="training_state")
    if identity.format == "diffusers-component" and identity.families != ("qwen_image",):
        return replace(identity, code="diffusers_component")
    return identity


def _place_findings(path: Path) -> list[Finding]:
    if not is_shard(path):
        return []
    message = "this is one shard of a model that was saved in several files; merge them and publish the result"
    return [Finding(code="shard", severity="error", message=message)]


def _inspection(
    file: OpenFile,
    header: Header,
    identity: Identity,
    hashes: Hashes | None,
    contents: dict[str, Contents],
    findings: list[Finding],
) -> Inspection:
    claims = _with_token(read_claims(header.metadata), identity, header)
    decision = decide(identity, claims)
    adapter = identity.adapter
    findings = [
        *findings,
        *refusal_finding(identity.code),
        *decision.findings,
        *(adapter_findings(adapter, claims, contents) if adapter else ()),
        *dtype_findings(header.tensors, adapter),
        *hash_findings(header.metadata, hashes.data_sha256 if hashes else None),
        *privacy_findings(header.metadata),
    ]
    return Inspection(
        path=str(file.path),
        size=file.size,
        valid=not any(finding.severity == "error" for finding in findings),
        category=identity.category,
        type=_type(identity, claims),
        family=decision.family,
        architecture=decision.architecture,
        candidates=decision.candidates,
        format=identity.format,
        algorithm=identity.algorithm,
        rank=common_rank(adapter) if adapter else None,
        alpha=common_alpha(adapter, contents) if adapter else None,
        dtypes=dict(Counter(tensor.dtype for tensor in header.tensors).most_common()),
        tensors=len(header.tensors),
        parameters=sum(tensor.elements for tensor in header.tensors),
        claims=claims,
        findings=tuple(findings),
        metadata=header.metadata,
        reasons=(*identity.reasons, *decision.reasons),
        **_hash_fields(hashes),
    )


def _with_token(claims: Claims, identity: Identity, header: Header) -> Claims:
    """diffusers calls the tensor of an embedding by the word that it stands for."""
    if identity.format != "embedding-diffusers" or claims.trigger_words:
        return claims
    words = tuple(tensor.name for tensor in header.tensors)
    return claims.model_copy(
        update={"trigger_words": words, "sources": {**claims.sources, "trigger_words": "tensor name"}}
    )


def _type(identity: Identity, claims: Claims) -> str | None:
    if identity.category == "embeddings":
        return "negative" if claims.is_negative else "positive"
    return identity.type


def _hash_fields(hashes: Hashes | None) -> dict[str, str | None]:
    if hashes is None:
        return {}
    data = hashes.data_sha256
    return {
        "sha256": hashes.sha256,
        "autov2": hashes.sha256[:_AUTOV2_DIGITS],
        "autov3": data[:_AUTOV3_DIGITS] if data else None,
        "data_sha256": data,
        "blake3": hashes.blake3,
    }
