"""What ``describe`` produces: the request's fields with a source for each, and what is still missing."""

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
        message: What is missing, and why nothing answers it.
        hint: What fixes it, with the flag.
        flag: The option's flag, such as ``--architecture``.
        candidates: The values that are possible, where that is known.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    hint: str
    flag: str
    candidates: tuple[str, ...] = ()


class Description(BaseModel):
    """One ``modelUpload`` request without ``taskUUID`` and ``downloadURL``, and where each part of it came from.

    Attributes:
        fields: The values by wire name; absent ones are not sent.
        sources: One for every field, constants too; also for ``air`` while it is not resolved, and for an image file
            that was given and has no URL yet.
        suggestions: Values by option name that the run hints at; shown by ``explain``, never sent.
        findings: What a person should know: contradictions, cut values, unknown words.
        missing: What must be given before this can be sent.
        hero_file: An image file on this machine that can be the hero image once it is hosted.
        hero_source: Where ``hero_file`` came from.
        hero_given: Whether the user named it; one found among a run's samples is only offered.
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
        """Return the description with the AIR that was resolved."""
        kind, *rest = self.fields.items()
        others = {name: value for name, value in rest if name != "air"}
        return self.model_copy(
            update={
                "fields": {kind[0]: kind[1], "air": air, **others},
                "sources": {**self.sources, "air": source},
            }
        )

    def require_complete(self) -> None:
        """Do nothing when the description can be sent.

        Raises:
            MissingError: Something is missing; the error tells of the first, and of the others in its details.
        """
        if not self.missing:
            return
        first, *others = self.missing
        details: dict[str, object] = {"candidates": list(first.candidates)} if first.candidates else {}
        if others:
            details["alsoMissing"] = [entry.flag for entry in others]
        raise MissingError(first.code, first.message, hint=first.hint, stage="describe", details=details)


class Draft:
    """A description in the making: what it is made from, and what the stages of ``describe`` have put in so far."""

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
        """The model's type, or None where it has none."""
        return self._word("type")

    def _word(self, wire: str) -> str | None:
        value = self.fields.get(wire)
        return value if isinstance(value, str) else None

    def put(self, wire: str, value: WireValue, source: str) -> None:
        """Set a field; the first value put is the strongest and stays."""
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
