"""Reading what fluxgym leaves: a folder with the launch script of sd-scripts and its dataset.

Facts of fluxgym 678add2c: ``outputs/<slug>/{train.sh|bat, dataset.toml, sample_prompts.txt, sample/,
<slug>.safetensors}``; ``class_tokens`` is the trigger word that was typed into the UI. ``--guidance_scale`` is one of
the training and says nothing of the use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rw_hooks.facts import TrainingFacts
from rw_hooks.integration import RunArtifact, RunFolder
from rw_hooks_integrations.kohya.files import kohya_artifacts
from rw_hooks_integrations.kohya.options import options_of
from rw_hooks_integrations.kohya.reader import read_facts

__all__ = ["FluxGym"]

_SCRIPTS = r"train\.(?:sh|bat)"


class FluxGym:
    """The integration named ``fluxgym``."""

    name = "fluxgym"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.1 by the two files that only it leaves together: it is surer than sd-scripts, which it runs."""
        return 1.1 if run.matching(_SCRIPTS) and run.matching(r"dataset\.toml") else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the launch script and the dataset."""
        return read_facts(_launched(run))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the files, named as sd-scripts names them."""
        return kohya_artifacts(run, options_of(_launched(run)).text("output_name"))


def _launched(run: RunFolder) -> RunFolder:
    """Return the run with its launch script as the config, unless a command line or config was named."""
    return run if run.argv or run.config else replace(run, config=run.matching(_SCRIPTS)[0])
