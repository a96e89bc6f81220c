"""Reading what sd-scripts and the kohya_ss GUI leave.

Facts of sd-scripts 48d368fa (v0.9.1+) and kohya_ss 45088f04: the options are an argv, or the TOML that the GUI writes
beside the weights; the trigger word is ``--metadata_trigger_phrase``, a textual inversion's ``--token_string``, the
dataset's ``class_tokens`` or the folder convention ``N_trigger class``, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rw_hooks.facts import Fact, Layers, TrainingFacts
from rw_hooks.integration import RunArtifact, RunFolder, base_facts
from rw_hooks_integrations.kohya.datasets import class_tokens
from rw_hooks_integrations.kohya.files import kohya_artifacts
from rw_hooks_integrations.kohya.options import common_facts, options_of, sampling_facts
from rw_hooks_integrations.kohya.scripts import SD_SCRIPTS, base_of, category_of, script_name

__all__ = ["Kohya", "read_facts"]


class Kohya:
    """The integration named ``kohya``."""

    name = "kohya"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by script or GUI config, 0.9 by a named config, 0.8 by what sd-scripts writes into weights."""
        options = options_of(run)
        if script_name(run.launch.script) in SD_SCRIPTS and not _is_diffusers(options):
            return 1.0
        if run.matching(r"config_[a-z]+-\d{8}-\d{6}\.toml"):
            return 1.0
        if options.text("network_module") and options.text("pretrained_model_name_or_path"):
            return 0.9
        return 0.8 if any(_by_sd_scripts(run.metadata(path)) for path in run.probes) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of argv, TOML and datasets."""
        return read_facts(run)

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return ``NAME``, ``NAME-000004`` (epochs) and ``NAME-step00000500``; states must not be published."""
        return kohya_artifacts(run, options_of(run).text("output_name"))


def read_facts(run: RunFolder) -> TrainingFacts:
    """Return the facts of an sd-scripts run, however it was started."""
    options = options_of(run)
    category = category_of(run.launch.script, options) or _category_in_file(run)
    is_negative = "metadata_is_negative_embedding"
    known = TrainingFacts(
        category=category,
        type=Fact(value="negative", source=options.source(is_negative)) if options.flag(is_negative) else None,
        conditioning=options.fact("metadata_preprocessor"),
        trigger_words=_trigger_words(run, options, category),
    )
    if category is not None and category.value == "checkpoint":
        known = known.over(sampling_facts(run, options))
    return known.over(base_facts(*base_of(run.launch.script, options))).over(common_facts(options))


def _trigger_words(run: RunFolder, options: Layers, category: Fact[str] | None) -> Fact[tuple[str, ...]] | None:
    phrase = options.phrase("metadata_trigger_phrase") or _phrase_in_file(run) or options.phrase("token_string")
    if phrase is not None or (category is not None and category.value == "embeddings"):
        return phrase
    return class_tokens(run, options)


def _is_diffusers(options: Layers) -> bool:
    """Whether a ``train_controlnet.py`` is the diffusers example of the same name."""
    return options.text("output_name") is None and options.text("conditioning_image_column") is not None


def _by_sd_scripts(metadata: Mapping[str, str]) -> bool:
    version = metadata.get("modelspec.implementation_version", "")
    return "ss_sd_scripts_commit_hash" in metadata or version.startswith("sd-scripts")


def _phrase_in_file(run: RunFolder) -> Fact[tuple[str, ...]] | None:
    key = "modelspec.trigger_phrase"
    phrase = next((found for path in run.probes if (found := run.metadata(path).get(key))), None)
    return Fact(value=(phrase,), source=key) if phrase else None


def _category_in_file(run: RunFolder) -> Fact[str] | None:
    key = "modelspec.architecture"
    inverted = any(run.metadata(path).get(key, "").endswith("/textual-inversion") for path in run.probes)
    return Fact(value="embeddings", source=key) if inverted else None
