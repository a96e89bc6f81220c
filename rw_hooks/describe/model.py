"""The result of ``describe``: the request's fields, each with its source, and what is still missing."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.config.settings import Settings
from rw_hooks.errors import MissingError
from rw_hooks.facts.model import TrainingFacts

__all__ = ["NOT_RESOLVED", "Description", "Draft", "Missing", "WireValue"]

WireValue = str | int | float | bool | tuple[str, ...]

NOT_RESOLVED = "not resolved"
"""The source of an AIR that is not known yet."""


class Missing(BaseModel):
    """Something that only the user can give.

    Attributes:
        code: A stable word for scripts, such as ``architecture_unknown``.
        message: What is missing, and why it is not known.
        hint: How to fix it, with the flag.
        flag: The option's flag, such as ``--architecture``.
        candidates: The possible values, if they are known.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    hint: str
    flag: str
    candidates: tuple[str, ...] = ()


class Description(BaseModel):
    """One ``modelUpload`` request without ``taskUUID`` and ``downloadURL``, and the source of each field.

    Attributes:
        fields: The values, by their names in Runware's API; absent fields are not sent.
        sources: The source of every field, including constants; also of ``air`` while it is not known, and of an image
            file that has no URL yet.
        suggestions: Suggested values by option name; shown by ``explain``, never sent.
        findings: What a person should know: contradictions, cut values, unknown words.
        missing: What the user must give before this can be sent.
        hero_file: An image file on this machine that becomes the preview image when it is hosted.
        hero_source: The source of ``hero_file``.
        hero_given: Whether the user named it; an image found among a run's samples is only suggested.
    """

    model_config = ConfigDict(frozen=True)

    fields: dict[str, WireValue]
    sources: dict[str, str]
    suggestions: dict[str, str] = {}
    findings: tuple[Finding, ...] = ()
    missing: tuple[Missing, ...] = ()
    hero_file: Path | None = None
    hero_source: str = ""
    hero_given: bool = False

    def with_air(self, air: str, source: str) -> Description:
        """Return the description with this AIR."""
        kind, *rest = self.fields.items()
        others = {name: value for name, value in rest if name != "air"}
        return self.model_copy(
            update={
                "fields": {kind[0]: kind[1], "air": air, **others},
                "sources": {**self.sources, "air": source},
            }
        )

    def require_complete(self) -> None:
        """Raise if the description cannot be sent yet.

        Raises:
            MissingError: Something is missing; the error says what is missing first, and its details have the rest.
        """
        if not self.missing:
            return
        first, *others = self.missing
        details: dict[str, object] = {"candidates": list(first.candidates)} if first.candidates else {}
        if others:
            details["alsoMissing"] = [entry.flag for entry in others]
        raise MissingError(first.code, first.message, hint=first.hint, stage="describe", details=details)


class Draft:
    """An unfinished description: what it is made from, and the fields that are known so far."""

    def __init__(self, inspection: Inspection, facts: TrainingFacts, settings: Settings) -> None:
        self.inspection = inspection
        self.facts = facts
        self.settings = settings
        self.fields: dict[str, WireValue] = {}
        self.sources: dict[str, str] = {}
        self.suggestions: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.missing: list[Missing] = []
        self.hero_file: Path | None = None
        self.hero_source = ""
        self.hero_given = False

    @property
    def category(self) -> str | None:
        """The model's category, or None while it is not known."""
        return self._word("category")

    @property
    def type(self) -> str | None:
        """The model's type, or None if it has none."""
        return self._word("type")

    def _word(self, wire: str) -> str | None:
        value = self.fields.get(wire)
        return value if isinstance(value, str) else None

    def put(self, wire: str, value: WireValue, source: str) -> None:
        """Set a field; the first value is the strongest and stays."""
        if wire not in self.fields:
            self.fields[wire] = value
            self.sources[wire] = source

    def warn(self, code: str, message: str) -> None:
        """Add a warning."""
        self.findings.append(Finding(code=code, severity="warning", message=message))

    def tell(self, code: str, message: str) -> None:
        """Add a remark."""
        self.findings.append(Finding(code=code, severity="info", message=message))

    def lack(self, code: str, message: str, flag: str, hint: str, candidates: tuple[str, ...] = ()) -> None:
        """Add something that must be given."""
        self.missing.append(Missing(code=code, message=message, hint=hint, flag=flag, candidates=candidates))

    def finish(self) -> Description:
        """Return the description."""
        return Description(
            fields=self.fields,
            sources=self.sources,
            suggestions=self.suggestions,
            findings=tuple(self.findings),
            missing=tuple(self.missing),
            hero_file=self.hero_file,
            hero_source=self.hero_source,
            hero_given=self.hero_given,
        )
