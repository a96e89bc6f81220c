"""A publication: one artifact's journey to one AIR, as it is shown and returned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rw_hooks.artifact.model import Finding

__all__ = ["STAGE_NAMES", "Publication", "StageName", "Status"]

Status = Literal["described", "pending", "ready", "failed", "cancelled", "superseded"]
StageName = Literal["inspect", "describe", "host", "preflight", "register", "settle"]
STAGE_NAMES: tuple[StageName, ...] = ("inspect", "describe", "host", "preflight", "register", "settle")


class Publication(BaseModel):
    """What became of one file; ``publish --json`` prints :meth:`as_json`.

    Attributes:
        id: The journal's name of it, for ``resume`` and ``cancel``; None when nothing was journalled.
        status: ``described`` (explain and dry runs), ``pending``, ``ready``, ``failed``, ``cancelled``, ``superseded``.
        air: The AIR of the model, or None while it is not resolved.
        sha256: Of the file, hexadecimal.
        url: Where the platform fetched it, without any signed part.
        host: The host's own URL.
        path: The file.
        size: Bytes.
        phases: What the platform reported: ``status`` and ``at`` each.
        model: The request's fields by wire name.
        sources: Where each field came from, by wire name.
        suggestions: Values offered and not sent, by option name.
        findings: What a person should know.
        seconds: How long each stage took.
        changed: What this run did: ``registered``, ``updated`` (metadata only), or ``nothing``.
        error: ``code``, ``stage``, ``retryable``, ``message`` and ``hint`` when it did not succeed.
        exit_code: What a command ends with.
    """

    model_config = ConfigDict(frozen=True)

    id: str | None = None
    status: Status
    air: str | None = None
    sha256: str | None = None
    url: str | None = None
    host: str | None = None
    path: str
    size: int = 0
    phases: tuple[dict[str, str], ...] = ()
    model: dict[str, Any] = {}
    sources: dict[str, str] = {}
    suggestions: dict[str, Any] = {}
    findings: tuple[Finding, ...] = ()
    seconds: dict[str, float] = {}
    changed: Literal["registered", "updated", "nothing"] = "nothing"
    error: dict[str, Any] | None = None
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        shown = self.model_dump(mode="json", exclude={"exit_code", "error", "suggestions", "size"})
        if self.suggestions:
            shown["suggestions"] = self.suggestions
        if self.error is not None:
            shown["error"] = self.error
        return shown
