"""Reading what musubi-tuner leaves.

Facts of musubi-tuner 30c658c4 (0.3.4): the options are those of sd-scripts, without any trigger word; a folder named
``N_trigger`` is only a hint. ``ss_base_model_version`` names the model without doubt, also for Kontext, for which
``modelspec.architecture`` says ``Flux.1-dev``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from rw_hooks.facts import Fact, Layers, TrainingFacts, common_words
from rw_hooks.facts.values import dig
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_word
from rw_hooks_integrations.kohya.datasets import dataset_config, folder_words
from rw_hooks_integrations.kohya.files import kohya_artifacts
from rw_hooks_integrations.kohya.options import common_facts, options_of
from rw_hooks_integrations.kohya.scripts import category_of, script_name

__all__ = ["Musubi"]

_SCRIPTS = {
    "wan": "wan",
    "hv": "hunyuan_video",
    "hv_1_5": "hunyuan_video_1_5",
    "fpack": "framepack",
    "flux_kontext": "flux_kontext",
    "flux_2": "flux_2",
    "qwen_image": "qwen_image",
    "kandinsky5": "kandinsky5",
    "zimage": "z_image",
    "hidream_o1": "hidream_o1",
    "ideogram4": "ideogram4",
    "krea2": "krea2",
}
_WORD = "ss_base_model_version"
_WORDS = frozenset({
    "hunyuan_video", "hunyuan_video_1_5", "wan", "framepack", "flux_kontext", "flux_2_dev", "flux_2_klein_4b",
    "flux_2_klein_9b", "qwen_image", "qwen_image_edit", "qwen_image_layered", "kandinsky5", "z_image",
    "hidream_o1_image", "ideogram4", "krea2",
})  # fmt: skip


class Musubi:
    """The integration named ``musubi``."""

    name = "musubi"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by script, 0.8 by the base that only musubi names so, without sd-scripts' own marks."""
        if _script_word(run) is not None:
            return 1.0
        return 0.8 if any(_by_musubi(run.metadata(path)) for path in run.probes) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of argv, TOML and what the weights say of their base."""
        options = options_of(run)
        known = TrainingFacts(category=_category(run, options), trigger_words=_hint(run, options))
        return known.over(base_facts(*_base(run, options))).over(common_facts(options))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the files, named as sd-scripts names them; states and caches must not be published."""
        return kohya_artifacts(run, options_of(run).text("output_name"))


def _script_word(run: RunFolder) -> str | None:
    name = script_name(run.launch.script)
    prefix = name.removesuffix("_train_network").removesuffix("_train")
    return _SCRIPTS.get(prefix) if prefix != name else None


def _by_musubi(metadata: Mapping[str, str]) -> bool:
    return metadata.get(_WORD) in _WORDS and "ss_sd_scripts_commit_hash" not in metadata and "software" not in metadata


def _category(run: RunFolder, options: Layers) -> Fact[str] | None:
    name = script_name(run.launch.script)
    if name and not name.endswith("_network") and _script_word(run):
        return Fact(value="checkpoint", source=f"script {name}")
    return category_of("", options)


def _base(run: RunFolder, options: Layers) -> tuple[Named | None, str]:
    for path in run.probes:
        word = run.metadata(path).get(_WORD, "")
        if base_from_word(word) is not None:
            return base_from_word(word), _WORD
    word = _script_word(run) or ""
    if word == "qwen_image" and (options.flag("edit") or options.flag("edit_plus")):
        word = "qwen_image_edit"
    return base_from_word(word), f"script {script_name(run.launch.script)}"


def _hint(run: RunFolder, options: Layers) -> Fact[tuple[str, ...]] | None:
    """Return what all captions share, else the words of folders named by sd-scripts' convention (unread by musubi)."""
    config = dataset_config(run, options)
    datasets = dig(config.values, "datasets") if config else None
    if config is None or not isinstance(datasets, list):
        return None
    folders = [dig(entry, "image_directory") for entry in cast("list[object]", datasets)]
    shared = common_words([caption for folder in folders for caption in run.captions(folder)])
    if shared:
        return Fact(value=shared, source="captions", strength="suggested")
    named = tuple(dict.fromkeys(words for folder in folders if (words := folder_words(str(folder or "")))))
    return Fact(value=named, source=config.source("image_directory"), strength="suggested") if named else None
