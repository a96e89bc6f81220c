"""Reading what diffusion-pipe leaves (its files only: the program is GPL and is never imported).

Facts of diffusion-pipe 8f83dbf2: every run has a folder named by its time, every save a copy of the TOML beside the
weights, written last. Alpha is forced to the rank. There are no trigger words and no samples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts, common_words
from rw_hooks.facts.values import base_name, dig, text
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_name, base_from_word
from rw_hooks.integration.foreign import is_dir

__all__ = ["DiffusionPipe"]

_RUN = re.compile(r"\d{8}_\d{2}-\d{2}-\d{2}")
_SAVE = re.compile(r"(epoch|step)(\d+)")
_BASE_KEYS = ("diffusers_path", "transformer_path", "checkpoint_path", "ckpt_path")


class DiffusionPipe:
    """The integration named ``diffusion_pipe``."""

    name = "diffusion_pipe"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by the TOML that it copies."""
        return 1.0 if _config(run) is not None else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the TOML."""
        config = _config(run)
        return TrainingFacts(trigger_words=_hint(run, config)).over(_facts(config)) if config else TrainingFacts()

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the saves of the newest run; the last one is the result."""
        config = _config(run)
        saves = [_artifact(path) for path in run.weights if _run_of(run, path) == _newest_run(run)]
        last = _last(saves, config)
        return [save.model_copy(update={"final": True, "so_far": True}) if save is last else save for save in saves]


def _run_of(run: RunFolder, path: Path) -> str:
    """Return the run's folder below the output folder, or an empty text where the root is a run itself."""
    return next((part for part in path.relative_to(run.root).parts if _RUN.fullmatch(part)), "")


def _newest_run(run: RunFolder) -> str:
    return max((_run_of(run, path) for path in run.weights), default="")


def _config(run: RunFolder) -> Config | None:
    copies = [path for path in run.matching(r"(?:.*/)?[^/]+\.toml") if _run_of(run, path) == _newest_run(run)]
    argued = run.find(dig(run.launch.options, "config"))
    candidates = [run.named_config, run.read(argued) if argued else None, *(run.read(path) for path in copies[:10])]
    return next((config for config in candidates if config is not None and _is_own(config)), None)


def _is_own(config: Config) -> bool:
    return (
        isinstance(config.values.get("model"), Mapping)
        and "type" in config.values["model"]
        and "dataset" in config.values
    )


def _facts(config: Config) -> TrainingFacts:
    options = Layers([Layer.of_config(config)])
    model = Layers([Layer.of_config(config, config.values["model"], "model.")])
    adapter = config.values.get("adapter")
    kind = text(dig(adapter, "type"))
    rank, optimizer = text(dig(adapter, "rank")), text(dig(config.values, "optimizer", "type"))
    rate = text(dig(config.values, "optimizer", "lr"))
    output = options.fact("output_dir")
    category = "lora" if kind == "lora" else None if isinstance(adapter, Mapping) else "checkpoint"
    parts = {"rank": rank, "epochs": options.text("epochs"), "optimizer": optimizer, "learning rate": rate}
    return TrainingFacts(
        name=Fact(value=base_name(output.value), source=output.source, strength="derived") if output else None,
        category=Fact(value=category, source=config.source("adapter.type" if kind else "no adapter"))
        if category
        else None,
        base_model=model.model(*_BASE_KEYS),
        summary={key: value for key, value in parts.items() if value},
    ).over(base_facts(*_base(model)))


def _hint(run: RunFolder, config: Config) -> Fact[tuple[str, ...]] | None:
    """Return what all captions of the dataset share, where it is on this machine."""
    path = run.find(config.values.get("dataset"))
    dataset = run.read(path) if path else None
    folders = dig(dataset.values, "directory") if dataset else None
    places = [dig(entry, "path") for entry in cast("list[object]", folders)] if isinstance(folders, list) else []
    shared = common_words([caption for place in places for caption in run.captions(place)])
    return Fact(value=shared, source="captions", strength="suggested") if shared else None


def _base(model: Layers) -> tuple[Named | None, str]:
    """Return the base by its path's name, within the family of ``type``: Kontext runs under ``flux``."""
    by_type = base_from_word(model.text("type") or "")
    for key in _BASE_KEYS:
        by_name = base_from_name(model.text(key) or "")
        if by_name is not None and (by_type is None or by_name.family == by_type.family):
            return by_name, model.source(key)
    return by_type, model.source("type")


def _artifact(path: Path) -> RunArtifact:
    match = _SAVE.fullmatch(path.parent.name)
    reason = _unfinished(path) or ("" if match else "not in a folder of a save")
    number = int(match[2]) if match else None
    by_epoch = match is not None and match[1] == "epoch"
    return RunArtifact(path=path, epoch=number if by_epoch else None, step=None if by_epoch else number,
                       publishable=not reason, reason=reason)  # fmt: skip


def _unfinished(path: Path) -> str:
    """Return why a save is not complete: its ``tmp`` folder is removed last, after the TOML was copied."""
    complete = not is_dir(path.parent / "tmp") and any(path.parent.glob("*.toml"))
    return "" if complete else "the save is not complete"


def _last(saves: Sequence[RunArtifact], config: Config | None) -> RunArtifact | None:
    """Return the result: the configured last step or epoch, else the highest epoch, else the highest step."""
    usable = [save for save in saves if save.publishable]
    steps = dig(config.values, "max_steps") if config else None
    by_plan = next((save for save in usable if save.step is not None and save.step == steps), None)
    highest = max(usable, key=lambda save: (save.epoch or 0, save.step or 0), default=None)
    return by_plan or highest
