"""Reading a folder of Lightning's.

Facts of Lightning 2.6: checkpoints are ``.ckpt`` pickles, which are never published; a safetensors file is there only
when the user exports one. ``hparams.yaml`` holds whatever the user's module saved.
"""

from __future__ import annotations

from collections.abc import Sequence

from rw_hooks.facts import Layer, Layers, TrainingFacts
from rw_hooks.integration import RunArtifact, RunFolder, base_facts, base_from_name, save_name

__all__ = ["Lightning"]

_HPARAMS = r"(?:lightning_logs/version_\d+/)?hparams\.ya?ml"
_BASES = ("base_model", "pretrained_model_name_or_path", "model_name")


class Lightning:
    """The integration named ``lightning``."""

    name = "lightning"

    def recognise(self, run: RunFolder) -> float:
        """Return 0.7 by its logs or what our callback writes into an export, 0.3 by checkpoints alone."""
        exported = any(run.metadata(path).get("trainer") == self.name for path in run.probes)
        if exported or run.matching(r"lightning_logs/.*"):
            return 0.7
        return 0.3 if run.weights and run.matching(r"(?:checkpoints/)?[^/]+\.ckpt") else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the newest ``hparams.yaml``, where its names are usual ones."""
        paths = run.matching(_HPARAMS)
        config = run.read(paths[-1]) if paths else run.named_config
        options = Layers([Layer.of_config(config)] if config else [])
        base = options.model(*_BASES)
        return TrainingFacts(
            base_model=base,
            trigger_words=options.phrase("trigger_word"),
            summary=options.summary(rank="rank", alpha="alpha", learning_rate="learning_rate"),
        ).over(base_facts(base_from_name(base.value) if base else None, base.source if base else ""))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the exported files at the top of the folder."""
        artifacts: list[RunArtifact] = []
        for path in run.weights:
            if path.parent == run.root:
                name = save_name(path)
                is_final = not name.intermediate
                artifacts.append(RunArtifact(path=path, step=name.step, epoch=name.epoch, final=is_final))
        return artifacts
