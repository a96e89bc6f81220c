"""Reading what transformers' Trainer and plain PEFT leave.

Facts of transformers 5.23 and PEFT 0.21: ``adapter_config.json`` beside ``adapter_model.safetensors`` (rank, alpha,
base, and the library of the base's class), ``trainer_state.json`` in each ``checkpoint-N``. The adapter of a language
model, and a transformers model, cannot be used by an image platform.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts
from rw_hooks.facts.values import base_name, dig, text
from rw_hooks.integration import RunArtifact, RunFolder, base_facts, base_from_name

__all__ = ["Transformers"]

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_ADAPTER = r"(?:checkpoint-\d+/)?adapter_config\.json"
_STATE = r"(?:checkpoint-\d+/)?trainer_state\.json"
_LYCORIS = frozenset({"LOHA", "LOKR", "OFT", "BOFT", "IA3"})


class Transformers:
    """The integration named ``transformers``."""

    name = "transformers"

    def recognise(self, run: RunFolder) -> float:
        """Return 0.6 by the Trainer's state, 0.5 by a PEFT adapter: other trainers write these files too."""
        if run.matching(_STATE):
            return 0.6
        return 0.5 if run.matching(_ADAPTER) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the adapter's config and the newest state."""
        adapter, step = _adapter(run, run.root), _last_step(run)
        version = (
            Fact(value=f"step-{step}", source="trainer_state.json: global_step", strength="derived") if step else None
        )
        if adapter is None:
            return TrainingFacts(version=version)
        options = Layers([Layer.of_config(adapter)])
        kind = options.fact("peft_type")
        base = options.model("base_model_name_or_path")
        return TrainingFacts(
            version=version,
            category=Fact(value="lycoris" if kind.value in _LYCORIS else "lora", source=kind.source) if kind else None,
            base_model=base,
            summary=options.summary(rank="r", alpha="lora_alpha"),
        ).over(base_facts(base_from_name(base.value) if base else None, base.source if base else ""))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the weights at the root and in the checkpoints; the best checkpoint has the only score."""
        best = _best(run)
        return [_artifact(run, path, best) for path in run.weights]


def _adapter(run: RunFolder, folder: Path) -> Config | None:
    path = folder / "adapter_config.json"
    if path in run.files:
        return run.read(path)
    found = run.matching(_ADAPTER)
    return run.read(found[-1]) if found else None


def _states(run: RunFolder) -> list[Config]:
    return [config for path in run.matching(_STATE) if (config := run.read(path)) is not None]


def _last_step(run: RunFolder) -> int | None:
    steps = [config.values.get("global_step") for config in _states(run)]
    return max((step for step in steps if isinstance(step, int)), default=None)


def _best(run: RunFolder) -> str:
    """Return the folder name of the best checkpoint, as the newest state names it."""
    states = sorted(_states(run), key=lambda config: str(config.values.get("global_step") or "").zfill(12))
    return base_name(text(states[-1].values.get("best_model_checkpoint")) or "") if states else ""


def _artifact(run: RunFolder, path: Path, best: str) -> RunArtifact:
    match = _CHECKPOINT.fullmatch(path.parent.name)
    top = path.parent == run.root
    reason = _not_for_images(run, path) or ("" if top or match else "not at the top of the folder")
    return RunArtifact(
        path=path,
        step=int(match[1]) if match else None,
        final=top,
        publishable=not reason,
        reason=reason,
        metric=1.0 if best and path.parent.name == best else None,
    )


def _not_for_images(run: RunFolder, path: Path) -> str:
    adapter, model = _beside(run, path, "adapter_config.json"), _beside(run, path, "config.json")
    if adapter is not None and _is_of_a_language_model(adapter):
        return "the adapter of a language model"
    return "a transformers model" if model is not None and "architectures" in model.values else ""


def _beside(run: RunFolder, path: Path, name: str) -> Config | None:
    beside = path.parent / name
    return run.read(beside) if beside in run.files else None


def _is_of_a_language_model(adapter: Config) -> bool:
    library = text(dig(adapter.values, "auto_mapping", "parent_library")) or ""
    return library.startswith("transformers") or text(adapter.values.get("task_type")) is not None
