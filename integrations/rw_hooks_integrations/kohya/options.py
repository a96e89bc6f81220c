"""The options of sd-scripts and musubi-tuner, wherever they were given, and the facts that both share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts, runware_scheduler
from rw_hooks.facts.values import dig, number, whole
from rw_hooks.integration import RunFolder, save_name

__all__ = ["common_facts", "options_of", "sampling_facts"]

_GUI_TOML = r"config_[a-z]+-\d{8}-\d{6}\.toml"
_GUI_JSON = r".+_\d{8}-\d{6}\.json"


def options_of(run: RunFolder) -> Layers:
    """Return the options: command line, its ``--config_file``, the named config, then what the GUI left."""
    layers = [Layer.of_launch(run.launch)]
    named = run.find(dig(run.launch.options, "config_file"))
    configs = [run.read(named) if named else None, run.named_config, _of_gui(run)]
    return Layers([*layers, *(Layer.of_config(config, _flat(config)) for config in configs if config is not None)])


def _flat(config: Config) -> dict[str, Any]:
    """Return the settings with sections dissolved, as sd-scripts reads its ``--config_file``."""
    flat: dict[str, Any] = {}
    for key, value in config.values.items():
        flat.update(cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {key: value})
    return flat


def _of_gui(run: RunFolder) -> Config | None:
    """Return the GUI's TOML of this run: the one that names the file, else the newest (their names are times)."""
    configs = [config for path in run.matching(_GUI_TOML) if (config := run.read(path)) is not None]
    if not configs:
        configs = [
            config
            for path in run.matching(_GUI_JSON)
            if (config := run.read(path)) is not None and "LoRA_type" in config.values
        ]
    named = [(str(_flat(config).get("output_name") or ""), config) for config in configs]
    stems = (run.path.stem, save_name(run.path).stem)  # as it is called, else without the suffix of a step or an epoch
    naming = [config for stem in reversed(stems) for name, config in named if name == stem]
    return next(reversed(naming or configs), None)


def common_facts(options: Layers) -> TrainingFacts:
    """Return what ``--metadata_*``, ``--output_name`` and the network's options say."""
    hub_private = options.text("huggingface_repo_id") and options.text("huggingface_repo_visibility") != "public"
    source = options.source("huggingface_repo_visibility") or options.source("huggingface_repo_id")
    steps = options.whole("max_train_steps")
    return TrainingFacts(
        name=options.fact("metadata_title", "output_name"),
        version=Fact(value=f"step-{steps.value}", source=steps.source, strength="derived") if steps else None,
        tags=options.words("metadata_tags"),
        description=options.fact("metadata_description"),
        comment=options.fact("training_comment"),
        base_model=options.model("pretrained_model_name_or_path", "dit"),
        private=Fact(value=True, source=source) if hub_private else None,
        summary=options.summary(
            rank="network_dim",
            alpha="network_alpha",
            steps="max_train_steps",
            epochs="max_train_epochs",
            optimizer="optimizer_type",
            learning_rate="learning_rate",
        ),
    )


def sampling_facts(run: RunFolder, options: Layers) -> TrainingFacts:
    """Return steps, CFG and scheduler out of the first prompt of ``--sample_prompts`` (flags --s, --l, --ss)."""
    path = run.find(options.raw("sample_prompts"))
    lines = [line for line in run.read_lines(path) if line.strip() and not line.startswith("#")] if path else []
    flags = dict(re.findall(r"--(\w+)\s+([^\s-]\S*)", lines[0])) if lines else {}
    name = path.name if path else ""
    steps, scale = whole(flags.get("s")), number(flags.get("l"))
    sampler = flags.get("ss") or options.text("sample_sampler")
    scheduler = runware_scheduler(sampler) if sampler else None
    return TrainingFacts(
        steps=Fact(value=steps, source=f"{name}: --s") if steps else None,
        cfg=Fact(value=scale, source=f"{name}: --l") if scale is not None else None,
        scheduler=Fact(value=scheduler, source=f"{name}: --ss" if "ss" in flags else options.source("sample_sampler"))
        if scheduler
        else None,
    )
