"""Reading the result of Replicate's flux-fine-tuner: an unpacked tar with ``lora.safetensors`` and ``config.yaml``.

Facts of replicate/flux-fine-tuner 3dd14e37: the config is ai-toolkit's with the job name ``flux_train_replicate``,
which names nothing; the trigger word is in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rw_hooks.facts import TrainingFacts
from rw_hooks.facts.values import dig
from rw_hooks.integration import RunArtifact, RunFolder
from rw_hooks_integrations.ai_toolkit.reader import config_of, read_facts

__all__ = ["Replicate"]

_JOB_NAME = "flux_train_replicate"


class Replicate:
    """The integration named ``replicate``."""

    name = "replicate"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.1 by its job's name in ai-toolkit's config: it is surer than ai-toolkit."""
        config = config_of(run)
        named = config is not None and dig(config.values, "config", "name") == _JOB_NAME
        return 1.1 if named and run.matching(r"(?:.*/)?lora\.safetensors") else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the config, without the name that all results share."""
        config = config_of(run)
        facts = read_facts(config) if config is not None else TrainingFacts()
        return facts.model_copy(update={"name": None})

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the one file."""
        return [RunArtifact(path=path, final=True) for path in run.matching(r"(?:.*/)?lora\.safetensors")]
