"""Reading what SimpleTuner leaves (its files only: the program is AGPL and is never imported).

Facts of SimpleTuner bc8e6ab7: ``simpletuner_config.json`` holds the resolved options; the final weights at the root
carry no metadata, the checkpoints do, so that trigger words come from the newest checkpoint's header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts, runware_scheduler
from rw_hooks.facts.values import base_name, dig, stated, text
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_name, base_from_word
from rw_hooks_integrations.diffusers.files import checkpoint_step, diffusers_artifacts

__all__ = ["SimpleTuner"]

_CONFIG = "simpletuner_config.json"
_IMAGE = re.compile(r"step_(\d+)_.*?_(\d+)_\d+x\d+\.(?:png|jpe?g|webp)")
_DEFAULT_NAMES = frozenset({"simpletuner", "simpletuner-testing", "simpletuner-lora"})
_PLAIN_LORA = frozenset({"lora", "locon"})


class SimpleTuner:
    """The integration named ``simpletuner``."""

    name = "simpletuner"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by its options, which it always leaves, 0.5 by the name of their file alone."""
        options = _options(run)
        if options.text("model_family") and options.text("model_type"):
            return 1.0
        return 0.5 if run.matching(re.escape(_CONFIG)) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the config, the newest checkpoint's header and the dataset's backend."""
        options = _options(run)
        category = _category(run, options)
        standard = category is not None and category.value == "lora"
        return (
            TrainingFacts(
                name=_name(options),
                version=_version(run, options),
                category=category,
                base_model=options.model("pretrained_model_name_or_path"),
                trigger_words=_trigger_words(run, options),
                comment=stated(
                    _newest_metadata(run).get("modelspec.comment"), "modelspec.comment of the newest checkpoint"
                ),
                private=Fact(value=True, source=options.source("model_card_private"))
                if options.flag("model_card_private")
                else None,
                summary=options.summary(
                    **({"rank": "lora_rank", "alpha": "lora_alpha"} if standard else {}),
                    steps="max_train_steps",
                    resolution="resolution",
                    optimizer="optimizer",
                    learning_rate="learning_rate",
                ),
            )
            .over(_sampling(options))
            .over(base_facts(*_base(options)))
        )

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the root file, checkpoints, and moving averages; the pipeline of a full tune is refused."""
        images = _images(run)
        return [_with_image(run, artifact, images) for artifact in diffusers_artifacts(run)]


def _options(run: RunFolder) -> Layers:
    beside = run.matching(re.escape(_CONFIG))
    configs = [run.named_config, run.read(beside[0]) if beside else None]
    return Layers(
        [Layer.of_launch(run.launch), *(Layer.of_config(config, _plain_keys(config)) for config in configs if config)]
    )


def _plain_keys(config: Config) -> dict[str, Any]:
    """Return the settings by plain names: a hand-written ``config.json`` has ``--model_family``."""
    return {key.lstrip("-").replace("-", "_").lower(): value for key, value in config.values.items()}


def _name(options: Layers) -> Fact[str] | None:
    for option in ("tracker_run_name", "hub_model_id"):
        fact = options.fact(option)
        if fact is not None and base_name(fact.value) not in _DEFAULT_NAMES:
            return Fact(value=base_name(fact.value), source=fact.source)
    return None


def _newest_checkpoint(run: RunFolder) -> Path | None:
    saved = [path for path in run.weights if checkpoint_step(path.relative_to(run.root)) is not None]
    named = [path for path in saved if path.name == "pytorch_lora_weights.safetensors"]
    return max(named, key=lambda path: (checkpoint_step(path.relative_to(run.root)) or 0, path), default=None)


def _newest_metadata(run: RunFolder) -> Mapping[str, str]:
    newest = _newest_checkpoint(run)
    return run.metadata(newest) if newest else {}


def _version(run: RunFolder, options: Layers) -> Fact[str] | None:
    steps = options.whole("max_train_steps")
    if steps is not None and steps.value > 0:
        return Fact(value=f"step-{steps.value}", source=steps.source, strength="derived")
    step = text(_newest_metadata(run).get("global_step"))
    return (
        Fact(value=f"step-{step}", source="global_step of the newest checkpoint", strength="derived") if step else None
    )


def _trigger_words(run: RunFolder, options: Layers) -> Fact[tuple[str, ...]] | None:
    """Return the instance prompt of the datasets, else what the newest checkpoint says; captions are only a hint."""
    path = run.find(options.raw("data_backend_config"))
    config = run.read(path) if path else None
    backends = dig(config.values, "items") if config else None
    prompts = [text(dig(entry, "instance_prompt")) for entry in cast("list[object]", backends or [])]
    stated_prompts = tuple(dict.fromkeys(prompt for prompt in prompts if prompt))
    if stated_prompts and config is not None:
        return Fact(value=stated_prompts, source=config.source("instance_prompt"))
    if options.text("instance_prompt"):
        return options.phrase("instance_prompt")
    trained = text(_newest_metadata(run).get("trained_words"))
    if trained is None:
        return None
    words = tuple(word.strip() for word in trained.split(",") if word.strip())
    return Fact(value=words, source="trained_words of the newest checkpoint")


def _category(run: RunFolder, options: Layers) -> Fact[str] | None:
    kind = options.fact("model_type")
    if kind is None:
        return None
    if kind.value != "lora":
        return Fact(value="checkpoint", source=kind.source) if kind.value == "full" else None
    if options.text("lora_type") != "lycoris":
        return Fact(value="lora", source=options.source("lora_type") or kind.source)
    path = run.find(options.raw("lycoris_config")) or run.find("lycoris_config.json")
    config = run.read(path) if path else None
    algorithm = text(config.values.get("algo")) if config else None
    plain = algorithm in _PLAIN_LORA
    return Fact(value="lora" if plain else "lycoris", source=options.source("lora_type"))


def _base(options: Layers) -> tuple[Named | None, str]:
    family, flavour = options.text("model_family") or "", options.text("model_flavour") or ""
    by_family = base_from_word(family)
    by_flavour = base_from_word(f"{family}-{flavour}") if flavour else None
    if by_flavour is not None:
        return by_flavour, options.source("model_flavour")
    by_name = base_from_name(options.text("pretrained_model_name_or_path") or "")
    if by_name is not None and (by_family is None or by_name.family == by_family.family):
        return by_name, options.source("pretrained_model_name_or_path")
    return by_family, options.source("model_family")


def _sampling(options: Layers) -> TrainingFacts:
    sampler = options.fact("validation_noise_scheduler")
    scheduler = runware_scheduler(sampler.value) if sampler else None
    return TrainingFacts(
        steps=options.whole("validation_num_inference_steps"),
        cfg=options.number("validation_guidance"),
        scheduler=Fact(value=scheduler, source=sampler.source) if sampler and scheduler else None,
    )


def _images(run: RunFolder) -> dict[int, Path]:
    found: dict[int, tuple[int, Path]] = {}
    for path in run.matching(r"validation_images/[^/]+"):
        match = _IMAGE.fullmatch(path.name)
        if match and int(match[1]) > 0:
            step, index = int(match[1]), int(match[2])
            found[step] = min(found.get(step, (index, path)), (index, path))
    return {step: path for step, (_, path) in found.items()}


def _with_image(run: RunFolder, artifact: RunArtifact, images: dict[int, Path]) -> RunArtifact:
    """Give the artifact its sample, and the moving average its role."""
    if artifact.path.parent.name == "ema" and checkpoint_step(artifact.path.relative_to(run.root)) is not None:
        return artifact.model_copy(update={"role": "ema", "publishable": True, "reason": ""})
    image = images.get(artifact.step) if artifact.step is not None else images[max(images)] if images else None
    return artifact.model_copy(update={"sample": image or artifact.sample}) if artifact.publishable else artifact
