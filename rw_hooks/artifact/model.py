"""What the reader of a file produces: findings, the file's own claims, and the inspection.

Plain dataclasses: pydantic takes them as they are, and reading a header is over before it would be imported.
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
    """What the file says of itself, read from its metadata and never trusted over its structure.

    Values are cleaned (kohya's string ``"None"`` is absent) and known falsehoods are left out (OneTrainer's template
    author, title and thumbnail). ``sources`` names the metadata key each value came from.
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
    """Tags that stand in every caption: a suggestion for trigger words, never sent unasked."""
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
    """Everything that can be told from the bytes of one file; ``inspect --json`` prints exactly this.

    Attributes:
        path: The file, as it was given.
        size: Bytes.
        valid: No finding is an error.
        sha256: Of the whole file, hexadecimal; None after ``--header-only``.
        autov2: The first 10 hex digits of ``sha256`` (the web UIs' short hash of a checkpoint).
        autov3: The first 12 hex digits of the sha256 of the bytes behind the header (unchanged by metadata edits).
        category: checkpoint, lora, lycoris, controlnet, vae or embeddings; ``other`` for what cannot be uploaded;
            None when it cannot be told.
        type: base, inpainting or refiner; positive or negative for embeddings; None where the category has none.
        family: What the structure shows, such as ``sd1`` or ``flux1``; None where it fits several.
        architecture: A Runware wire value, or None where neither structure nor claims say which.
        candidates: The wire values that structure and claims leave possible.
        format: The naming scheme of the keys, such as ``kohya`` or ``diffusers-peft``.
        algorithm: lora, locon, loha, lokr, oft, boft, glora, ia3, full or dora; None for what is no adapter.
        rank: Of the adapter (the most frequent one where modules differ).
        alpha: Of the adapter, as the file has it (the most frequent one).
        dtypes: Tensors by dtype.
        tensors: How many.
        parameters: Elements over all tensors.
        claims: What the file says of itself.
        findings: What a person should know.
        metadata: ``__metadata__`` as it stands.
        reasons: Why: the signatures that matched, for ``inspect --explain``.
        data_sha256: Of the bytes behind the header: the same weights under other metadata have the same.
        blake3: Of the whole file, when it was asked for.
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
        """Return what ``inspect --json`` prints and the journal keeps."""
        return asdict(self)
