"""The protocol of integrations: an integration reads the runs of one trainer, and is found by an entry point.

An integration recognises a run, returns its facts, and lists its files. It is a class without constructor arguments,
named by an entry point of the group ``rw_hooks.integrations``. A third party adds a trainer by distributing such a
class. A broken integration causes a warning, never a crash.
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
"""What a file of a run is. A ``twin`` has the main file's weights with other tensor names."""


class RunArtifact(BaseModel):
    """One saved file of a run.

    Attributes:
        path: The file; if ``url`` is set, only its name.
        role: What it is within the run.
        step: Optimizer steps at the save, if its name or a file beside it says so.
        epoch: Epochs at the save.
        final: Whether the trainer marked it as the end result.
        so_far: Whether it is final only because it is the newest save so far: its trainer has no special name for the
            end result.
        publishable: False for files that must not be published: training states, backups, caches, parts of a pipeline.
        reason: Why it must not be published.
        metric: The save's score, if the run has one; higher is better.
        sample: The sample image that the trainer made with these weights.
        version: The label of this version, if it is more than step or epoch.
        url: The URL of the file, if it is not on this machine (a hosted trainer's result).
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
        """Return this file; it is not publishable if its place says so."""
        refusal = None if self.url else refusal_by_place(self.path)
        return self if refusal is None else self.model_copy(update={"publishable": False, "reason": refusal.words})

    def facts(self) -> TrainingFacts:
        """Return the facts of this file that are not facts of its run."""
        version = self.version
        label = f"step-{self.step}" if self.step is not None else f"epoch-{self.epoch}" if self.epoch else None
        if version is None and label is not None:
            version = Fact(value=label, source="last save" if self.final else "file name", strength="derived")
        hero = Fact(value=str(self.sample), source=f"{self.sample.name}", strength="derived") if self.sample else None
        return TrainingFacts(version=version, hero_image=hero)


@runtime_checkable
class Integration(Protocol):
    """The reader for one trainer. Its methods only read: they change nothing, and do not import the trainer."""

    name: str
    """The trainer's name, as given to ``--trainer``."""

    def recognise(self, run: RunFolder) -> float:
        """Return how certain it is that this trainer made the run; the highest value wins.

        1.0: a file or a command line that only this trainer has. 0.8: metadata that it writes into the weights. 0.5 and
        below: only names. 0.0: nothing. The integration with the highest value reads the run; of equal ones the first
        by name. An integration that must win over the trainer on which it builds may return 1.1.
        """
        ...

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return what the run says about its model: each value with its source, without local paths and secrets."""
        ...

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the run's files, including those that must not be published, with the reason.

        The caller also refuses files whose place shows for any trainer that they must not be published (states beside
        an optimizer, shards, parts of a pipeline).
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
