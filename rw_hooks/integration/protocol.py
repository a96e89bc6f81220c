"""What an integration is: a reader of one trainer's runs, found by an entry point.

An integration recognises a run, tells its facts, and lists its files. It is a class without constructor arguments,
named by an entry point of the group ``rw_hooks.integrations``; a third party adds a trainer by shipping one. A broken
integration is a warning, never a crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from rw_hooks.artifact.checks.location import refusal_by_place
from rw_hooks.facts.model import Fact, TrainingFacts
from rw_hooks.integration.folder import RunFolder

__all__ = ["GROUP", "Integration", "Role", "RunArtifact", "load_integrations"]

GROUP = "rw_hooks.integrations"

Role = Literal["main", "high_noise", "low_noise", "embedding", "ema", "twin", "text_encoder"]
"""What a file of a run is: ``twin`` holds the main file's weights under another naming scheme."""


class RunArtifact(BaseModel):
    """One saved file of a run.

    Attributes:
        path: The file; where ``url`` is set, its name only.
        role: What it is within the run.
        step: Optimizer steps at the save, where its name or a file beside it tells.
        epoch: Epochs at the save.
        final: Whether the trainer meant it as the end result.
        so_far: Whether it is final only as the newest save so far: its trainer gives the end result no name of its own.
        publishable: False for what must not be published: training states, backups, caches, parts of a pipeline.
        reason: Why it must not.
        metric: The save's score where the run has one; higher is better.
        sample: The sample image that the trainer drew with these weights.
        version: The label of this version, where it is more than step or epoch.
        url: Where the file is when it is not on this machine (a hosted trainer's result).
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    role: Role = "main"
    step: int | None = None
    epoch: int | None = None
    final: bool = False
    so_far: bool = False
    publishable: bool = True
    reason: str = ""
    metric: float | None = None
    sample: Path | None = None
    version: Fact[str] | None = None
    url: str | None = None

    def judged_by_place(self) -> RunArtifact:
        """Return this file, refused where its place says that it must not be published."""
        refusal = None if self.url else refusal_by_place(self.path)
        return self if refusal is None else self.model_copy(update={"publishable": False, "reason": refusal.words})

    def facts(self) -> TrainingFacts:
        """Return what is known of this file beyond its run."""
        version = self.version
        label = f"step-{self.step}" if self.step is not None else f"epoch-{self.epoch}" if self.epoch else None
        if version is None and label is not None:
            version = Fact(value=label, source="last save" if self.final else "file name", strength="derived")
        hero = Fact(value=str(self.sample), source=f"{self.sample.name}", strength="derived") if self.sample else None
        return TrainingFacts(version=version, hero_image=hero)


@runtime_checkable
class Integration(Protocol):
    """A trainer's reader. Its methods read; they change nothing and import no trainer."""

    name: str
    """The trainer's name, as ``--trainer`` takes it."""

    def recognise(self, run: RunFolder) -> float:
        """Return how sure it is that this trainer made the run.

        1.0: by a file or a command line that only this trainer has. 0.8: by what it writes into the weights. 0.5 and
        below: by names alone. 0.0: not at all. The surest integration reads the run; of equals the first by name.
        """
        ...

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return what the run says of its model, each value with its source and without paths or secrets."""
        ...

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the run's files, those that must not be published too, with the reason.

        What must not be published by its place, whatever the trainer (states beside an optimizer, shards, parts of a
        pipeline), is refused by whoever calls this.
        """
        ...


def load_integrations() -> tuple[tuple[Integration, ...], tuple[str, ...]]:
    """Return all integrations that can be loaded, by name, and a warning for each that cannot."""
    found: dict[str, Integration] = {}
    warnings: list[str] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            integration: object = entry.load()()
        except Exception as error:  # noqa: BLE001 - another's code may raise anything
            warnings.append(f"the integration {entry.name} ({entry.value}) is broken: {type(error).__name__}: {error}")
            continue
        if isinstance(integration, Integration):
            found.setdefault(integration.name, integration)
        else:
            warnings.append(f"the integration {entry.name} ({entry.value}) is none: it lacks a method")
    return tuple(found[name] for name in sorted(found)), tuple(warnings)
