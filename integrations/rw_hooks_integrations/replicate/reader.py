"""Reading the result of Replicate's flux-fine-tuner: an unpacked tar with ``lora.safetensors`` and ``config.yaml``.

Facts of replicate/flux-fine-tuner 3dd14e37: the config is ai-toolkit's with the job name ``flux_train_replicate``,
which names nothing; the trigger word is in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rw_hooks.facts import Fact, TrainingFacts
from rw_hooks.facts.values import dig
from rw_hooks.integration import RunArtifact, RunFolder
from rw_hooks_integrations.ai_toolkit.reader import config_of, read_facts

__all__ = ["Replicate"]

_JOB_NAME = "flux_train_replicate"
_WEIGHTS = r"(?:.*/)?lora\.safetensors"


class Replicate:
    """The integration named ``replicate``."""

    name = "replicate"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.1 by its job's name in ai-toolkit's config: it is surer than ai-toolkit."""
        config = config_of(run)
        named = config is not None and dig(config.values, "config", "name") == _JOB_NAME
        return 1.1 if named and run.matching(_WEIGHTS) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the config; the trigger word is the only name that is not shared by all results."""
        config = config_of(run)
        facts = read_facts(config) if config is not None else TrainingFacts()
        trigger = facts.trigger_words
        name = Fact(value=", ".join(trigger.value), source=trigger.source) if trigger else None
        return facts.model_copy(update={"name": name})

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the one file."""
        steps = self.facts(run).summary.get("steps")
        version = Fact(value=f"step-{steps}", source="config.yaml: train.steps") if steps else None
        return [RunArtifact(path=path, final=True, version=version) for path in run.matching(_WEIGHTS)]
