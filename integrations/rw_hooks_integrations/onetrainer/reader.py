"""Reading what OneTrainer leaves (its files only: the program is AGPL and is never imported).

Facts of OneTrainer 23df3832: a snapshot of the config lies in ``<workspace>/config``; the final file is
``output_model_destination``; the only trigger-like value is an embedding's placeholder; titles in the weights come
from a template and mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts, runware_scheduler
from rw_hooks.facts.values import base_name, dig, flag, text
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_name, base_from_word
from rw_hooks_integrations.onetrainer.files import is_timestamp, onetrainer_artifacts

__all__ = ["OneTrainer"]

_CATEGORIES = {"FINE_TUNE": "checkpoint", "EMBEDDING": "embeddings", "FINE_TUNE_VAE": "vae"}
_FOLDED_ALPHA = "DIFFUSERS_LORA"


class OneTrainer:
    """The integration named ``onetrainer``."""

    name = "onetrainer"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by a config, 0.8 by what it writes into weights."""
        if _config(run) is not None:
            return 1.0
        return 0.8 if any("ot_branch" in run.metadata(path) for path in run.probes) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the config."""
        config = _config(run)
        return _facts(config) if config is not None else TrainingFacts()

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the final file and the saves; backups must not be published."""
        config = _config(run)
        return onetrainer_artifacts(run, text(config.values.get("output_model_destination")) if config else None)


def _config(run: RunFolder) -> Config | None:
    """Return the named config, else the newest snapshot in the workspace (their names end in the time)."""
    snapshots = sorted(run.matching(r"(?:.*/)?config/[^/]+\.json"), key=lambda path: path.stem[-19:], reverse=True)
    candidates = (run.named_config, *(run.read(path) for path in snapshots[:5]))
    config = next((config for config in candidates if config is not None and _is_own(config)), None)
    return _with_lists(run, config) if config is not None else None


def _is_own(config: Config) -> bool:
    return "training_method" in config.values and "model_type" in config.values


def _with_lists(run: RunFolder, config: Config) -> Config:
    """Return the config with concepts and samples, which a hand-written one keeps in files of their own."""
    found: dict[str, Any] = {}
    for key, named in (("concepts", "concept_file_name"), ("samples", "sample_definition_file_name")):
        path = run.find(config.values.get(named)) if not config.values.get(key) else None
        beside = run.read(path) if path else None
        if beside is not None:
            found[key] = beside.values.get("items")
    return replace(config, values={**config.values, **found}) if found else config


def _facts(config: Config) -> TrainingFacts:
    options = Layers([Layer.of_config(config)])
    epochs = options.whole("epochs")
    folded = options.text("output_model_format") == _FOLDED_ALPHA
    lora = options.text("training_method") == "LORA"
    return (
        TrainingFacts(
            name=_name(options),
            version=Fact(value=f"epoch-{epochs.value}", source=epochs.source, strength="derived") if epochs else None,
            category=_category(options),
            type=_type(options),
            base_model=options.model("base_model_name"),
            trigger_words=_trigger_words(config),
            summary={
                **options.summary(**({"rank": "lora_rank"} if lora else {}), epochs="epochs", resolution="resolution"),
                **(options.summary(alpha="lora_alpha") if lora and not folded else {}),
                **options.summary(learning_rate="learning_rate"),
                **_optimizer(config),
            },
        )
        .over(_sampling(config))
        .over(base_facts(*_base(options)))
    )


def _name(options: Layers) -> Fact[str] | None:
    destination = options.fact("output_model_destination")
    stem = base_name(destination.value).removesuffix(".safetensors") if destination else ""
    if destination is not None and destination.value.endswith(".safetensors") and not is_timestamp(stem):
        return Fact(value=stem, source=destination.source)
    return options.fact("save_filename_prefix", strength="derived")


def _category(options: Layers) -> Fact[str] | None:
    method = options.fact("training_method")
    if method is None or method.value != "LORA":
        category = _CATEGORIES.get(method.value) if method else None
        return Fact(value=category, source=method.source) if method and category else None
    plain = (options.text("peft_type") or "LORA") == "LORA"
    return Fact(value="lora" if plain else "lycoris", source=options.source("peft_type") or method.source)


def _type(options: Layers) -> Fact[str] | None:
    model, category = options.fact("model_type"), _category(options)
    if model is None or category is None or category.value != "checkpoint":
        return None
    return Fact(value="inpainting" if "INPAINTING" in model.value else "base", source=model.source)


def _base(options: Layers) -> tuple[Named | None, str]:
    """Return the base by its name, within the family that ``model_type`` names."""
    by_type = base_from_word(options.text("model_type") or "")
    by_name = base_from_name(options.text("base_model_name") or "")
    if by_name is not None and (by_type is None or by_name.family == by_type.family):
        return by_name, options.source("base_model_name")
    return by_type, options.source("model_type")


def _trigger_words(config: Config) -> Fact[tuple[str, ...]] | None:
    """Return the placeholder of a trained embedding; the concepts' names are only a hint."""
    placeholder = text(dig(config.values, "embedding", "placeholder"))
    if config.values.get("training_method") == "EMBEDDING" and placeholder:
        return Fact(value=(placeholder,), source=config.source("embedding.placeholder"))
    concepts = [entry for entry in _list(config, "concepts") if flag(entry.get("enabled", True))]
    names = tuple(dict.fromkeys(name for entry in concepts if (name := text(entry.get("name")))))
    return Fact(value=names, source=config.source("concepts.name"), strength="suggested") if names else None


def _list(config: Config, key: str) -> list[Mapping[str, Any]]:
    value = config.values.get(key)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping)]


def _optimizer(config: Config) -> dict[str, str]:
    name = text(dig(config.values, "optimizer", "optimizer"))
    return {"optimizer": name} if name else {}


def _sampling(config: Config) -> TrainingFacts:
    samples = _list(config, "samples")
    if not samples:
        return TrainingFacts()
    sample = Layers([Layer(samples[0], f"{config.name}: samples.")])
    sampler = sample.fact("noise_scheduler")
    scheduler = runware_scheduler(sampler.value) if sampler else None
    return TrainingFacts(
        steps=sample.whole("diffusion_steps"),
        cfg=sample.number("cfg_scale"),
        scheduler=Fact(value=scheduler, source=sampler.source) if sampler and scheduler else None,
    )
