"""Reading what ai-toolkit leaves.

Facts of ai-toolkit 27a03a91 (0.12.26): the raw config is always beside the weights as ``config.yaml``; ``trigger_word``
is exact. Transformer models (all but SD 1.5 and SDXL) are saved with alpha = rank whatever ``linear_alpha`` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts, runware_scheduler
from rw_hooks.facts.values import dig, text, words
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_name, base_from_word
from rw_hooks_integrations.ai_toolkit.files import ai_toolkit_artifacts

__all__ = ["AiToolkit", "config_of", "read_facts"]

_LEGACY_SWITCHES = {"is_flux": "flux", "is_xl": "sdxl", "is_v3": "sd3", "is_lumina2": "lumina2", "is_v2": "sd2"}
_CATEGORIES = {"lora": "lora", "locon": "lora", "lokr": "lycoris"}
_WITH_ALPHA = frozenset({"sd1", "sdxl"})
_CONFIG_FILES = r"(?:.*/)?(?:config\.ya?ml|\.job_config\.json)"


class AiToolkit:
    """The integration named ``ai_toolkit``."""

    name = "ai_toolkit"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by its config, 0.8 by the software that the weights name."""
        if config_of(run) is not None:
            return 1.0
        return 0.8 if any('"ai-toolkit"' in run.metadata(path).get("software", "") for path in run.probes) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the config's training process and ``meta``."""
        config = config_of(run)
        return read_facts(config) if config is not None else TrainingFacts()

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return ``NAME``, ``NAME_000000250`` and the noise pair of Wan 2.2."""
        config = config_of(run)
        return ai_toolkit_artifacts(run, _job_name(config) if config else None, _meta_version(config))


def config_of(run: RunFolder) -> Config | None:
    """Return the job's config: the named one, else the one beside the weights."""
    paths = [path for path in run.matching(_CONFIG_FILES) if path.suffix != ".json"] or run.matching(_CONFIG_FILES)
    candidates = [run.named_config, *(run.read(path) for path in paths)]
    return next((config for config in candidates if config is not None and _process(config)), None)


def _process(config: Config) -> Mapping[str, Any]:
    """Return the training process: the first one that names a model."""
    processes = dig(config.values, "config", "process")
    listed = cast("list[object]", processes) if isinstance(processes, list) else []
    found = [cast("Mapping[str, Any]", item) for item in listed if isinstance(dig(item, "model"), Mapping)]
    return found[0] if found else {}


def _layer(config: Config, *keys: str) -> Layer:
    values = dig(_process(config), *keys)
    prefix = "".join(f"{key}." for key in keys)
    return Layer.of_config(config, cast("Mapping[str, Any]", values) if isinstance(values, Mapping) else {}, prefix)


def _job_name(config: Config) -> str | None:
    return text(dig(config.values, "config", "name"))


def _meta_version(config: Config | None) -> Fact[str] | None:
    version = text(dig(config.values, "meta", "version")) if config else None
    return Fact(value=version, source=f"{config.name}: meta.version") if config and version else None


def read_facts(config: Config) -> TrainingFacts:
    """Return the facts of a job's config."""
    process, save = Layers([_layer(config)]), Layers([_layer(config, "save")])
    network, train = Layers([_layer(config, "network")]), Layers([_layer(config, "train")])
    base, source = _base(config)
    with_alpha = base is not None and base.family in _WITH_ALPHA
    name, tags = _job_name(config), words(dig(config.values, "meta", "tags"))
    description = text(dig(config.values, "meta", "description"))
    return (
        TrainingFacts(
            name=Fact(value=name, source=f"{config.name}: config.name") if name else None,
            category=_category(network, config),
            base_model=Layers([_layer(config, "model")]).model("name_or_path"),
            trigger_words=process.phrase("trigger_word"),
            tags=Fact(value=tags, source=f"{config.name}: meta.tags") if tags else None,
            description=Fact(value=description, source=f"{config.name}: meta.description") if description else None,
            private=Fact(value=True, source=save.source("hf_private")) if save.flag("hf_private") else None,
            summary={
                **network.summary(rank="linear", **({"alpha": "linear_alpha"} if with_alpha else {})),
                **train.summary(steps="steps", optimizer="optimizer", learning_rate="lr"),
            },
        )
        .over(_sampling(config))
        .over(base_facts(base, source))
    )


def _category(network: Layers, config: Config) -> Fact[str] | None:
    kind = network.fact("type")
    if kind is not None and kind.value in _CATEGORIES:
        return Fact(value=_CATEGORIES[kind.value], source=kind.source)
    if isinstance(_process(config).get("embedding"), Mapping):
        return Fact(value="embeddings", source=f"{config.name}: embedding")
    if network or isinstance(_process(config).get("adapter"), Mapping):
        return None
    return Fact(value="checkpoint", source=f"{config.name}: no network", strength="derived")


def _base(config: Config) -> tuple[Named | None, str]:
    """Return the base by its name, within the family that ``arch`` names."""
    model = Layers([_layer(config, "model")])
    switch = next((key for key in _LEGACY_SWITCHES if model.flag(key)), None)
    word = model.text("arch") or (_LEGACY_SWITCHES[switch] if switch else None)
    by_word = base_from_word(word) if word else None
    by_name = base_from_name(model.text("name_or_path") or "")
    if by_name is not None and (by_word is None or (by_word.architecture is None and by_word.family == by_name.family)):
        return by_name, model.source("name_or_path")
    return by_word, model.source("arch") or (model.source(switch) if switch else "")


def _sampling(config: Config) -> TrainingFacts:
    sample = Layers([_layer(config, "sample")])
    sampler, weight = sample.fact("sampler"), sample.number("network_multiplier")
    scheduler = runware_scheduler(sampler.value) if sampler else None
    return TrainingFacts(
        steps=sample.whole("sample_steps"),
        cfg=sample.number("guidance_scale"),
        scheduler=Fact(value=scheduler, source=sampler.source) if sampler and scheduler else None,
        weight=weight if weight and weight.value != 1.0 else None,
    )
