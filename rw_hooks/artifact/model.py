"""The results of inspecting a file: findings, the claims of its metadata, and the inspection.

They are plain dataclasses, because importing pydantic takes longer than reading a header; pydantic accepts them too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Claims", "Finding", "Inspection"]

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """Something a person should know about the file.

    Attributes:
        code: A stable word for scripts, such as ``nan_values``.
        severity: ``error`` stops a publish (``explain`` still describes); ``warning`` and ``info`` do not.
        message: One sentence, with what fixes it where something does.
        tensors: The tensors concerned, at most the first ten.
    """

    code: str
    severity: Severity
    message: str
    tensors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claims:
    """What the file's metadata says about it. The file's structure is always stronger.

    Values are cleaned (kohya's text ``"None"`` counts as absent), and values that are known to be wrong are dropped
    (author, title and thumbnail of OneTrainer's template). ``sources`` has the metadata key of each value.
    """

    trainer: str | None = None
    trainer_version: str | None = None
    title: str | None = None
    output_name: str | None = None
    version: str | None = None
    description: str | None = None
    author: str | None = None
    license: str | None = None
    tags: tuple[str, ...] = ()
    comment: str | None = None
    trigger_words: tuple[str, ...] = ()
    caption_tags: tuple[str, ...] = ()
    """Tags that are in every caption: a suggestion for trigger words, never sent unasked."""
    is_negative: bool | None = None
    architecture: str | None = None
    """A Runware wire value that the metadata names without doubt, such as ``flux1d`` or ``pony``."""
    family: str | None = None
    """The family that the metadata names, in the words of :attr:`Inspection.family`."""
    other_variant: bool = False
    """The metadata names a variant of the family that the platform has no architecture for."""
    base_model: str | None = None
    base_model_hash: str | None = None
    conditioning: str | None = None
    network_module: str | None = None
    network_args: dict[str, str] = field(default_factory=dict[str, str])
    rank: int | None = None
    alpha: float | None = None
    steps: int | None = None
    epoch: int | None = None
    resolution: str | None = None
    optimizer: str | None = None
    learning_rate: str | None = None
    sources: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Inspection:
    """Everything that the bytes of one file show; ``inspect --json`` prints exactly this.

    Attributes:
        path: The file, as it was given.
        size: Bytes.
        valid: Whether no finding is an error.
        sha256: The sha256 of the whole file, hexadecimal; None after ``--header-only``.
        autov2: The first 10 hex digits of ``sha256`` (the web UIs' short hash of a checkpoint).
        autov3: The first 12 hex digits of the sha256 of the bytes behind the header (unchanged by metadata edits).
        category: checkpoint, lora, lycoris, controlnet, vae or embeddings; ``other`` for what cannot be uploaded; None
            if it cannot be known.
        type: base, inpainting or refiner; positive or negative for embeddings; None if the category has no types.
        family: The family that the structure shows, such as ``sd1`` or ``flux1``; None if several fit.
        architecture: A value of Runware's API; None if neither the structure nor the metadata shows which.
        candidates: The values of Runware's API that fit the structure and the metadata.
        format: The naming scheme of the tensors, such as ``kohya`` or ``diffusers-peft``.
        algorithm: lora, locon, loha, lokr, oft, boft, glora, ia3, full or dora; None if the file is not an adapter.
        rank: The rank of an adapter (the most frequent one if layers differ).
        alpha: The alpha of an adapter, as stored in the file (the most frequent one).
        dtypes: The number of tensors by dtype.
        tensors: The number of tensors.
        parameters: The number of elements in all tensors.
        claims: What the file's metadata says.
        findings: What a person should know.
        metadata: ``__metadata__``, unchanged.
        reasons: The facts that decided, for ``inspect --explain``.
        data_sha256: The sha256 of the bytes after the header, which a change of the metadata does not change.
        blake3: The BLAKE3 hash of the whole file, if it was requested.
    """

    path: str
    size: int
    valid: bool
    sha256: str | None = None
    autov2: str | None = None
    autov3: str | None = None
    category: str | None = None
    type: str | None = None
    family: str | None = None
    architecture: str | None = None
    candidates: tuple[str, ...] = ()
    format: str | None = None
    algorithm: str | None = None
    rank: int | None = None
    alpha: float | None = None
    dtypes: dict[str, int] = field(default_factory=dict[str, int])
    tensors: int = 0
    parameters: int = 0
    claims: Claims = field(default_factory=Claims)
    findings: tuple[Finding, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    reasons: tuple[str, ...] = ()
    data_sha256: str | None = None
    blake3: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what ``inspect --json`` prints and the journal stores."""
        return asdict(self)
