"""A reader for a trainer that rw-hooks has never heard of: it leaves ``toy_run.json`` beside ``result.safetensors``.

Install it beside rw-hooks (``pip install .``), and ``rw-hooks explain FOLDER`` knows the trainer.
"""

from __future__ import annotations

from collections.abc import Sequence

from rw_hooks.facts import Layer, Layers, TrainingFacts
from rw_hooks.integration import RunArtifact, RunFolder, base_facts, base_from_name


class ToyTrainer:
    """The integration named ``toy_trainer``."""

    name = "toy_trainer"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by the one file that only this trainer writes."""
        return 1.0 if run.matching(r"toy_run\.json") else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return what ``toy_run.json`` says, each value with its key as the source."""
        config = run.read(run.root / "toy_run.json")
        options = Layers([Layer.of_config(config)] if config else [])
        known = TrainingFacts(
            name=options.fact("title"),
            trigger_words=options.words("trigger"),
            base_model=options.model("base"),
            summary=options.summary(steps="steps"),
        )
        return known.over(base_facts(base_from_name(options.text("base") or ""), options.source("base")))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the one result."""
        return [RunArtifact(path=path, final=True) for path in run.matching(r"result\.safetensors")]
