"""A publication, as it is shown and returned: one file that becomes the model of one AIR."""

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
        id: Its id in the journal, for ``resume`` and ``cancel``; None if it is not in the journal.
        status: ``described`` (explain and dry runs), ``pending``, ``ready``, ``failed``, ``cancelled``, ``superseded``.
        air: The AIR of the model, or None if it is not known yet.
        sha256: The file's sha256, hexadecimal.
        url: The URL from which Runware fetched it, without any signed part.
        host: The host's own URL.
        path: The file.
        size: Bytes.
        phases: What Runware reported: ``status`` and ``at`` each.
        model: The request's fields, by their names in Runware's API.
        sources: The source of each field, by the same names.
        suggestions: Values that are suggested but not sent, by option name.
        findings: What a person should know.
        seconds: How long each stage took, in seconds.
        changed: What this run did: ``registered``, ``updated`` (metadata only), or ``nothing``.
        error: ``code``, ``stage``, ``retryable``, ``message`` and ``hint`` when it did not succeed.
        exit_code: The exit code of a command.
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
