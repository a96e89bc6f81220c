"""Reading what the diffusers example scripts leave.

Facts of diffusers 58eb52c0 (0.40.0.dev0): the scripts write no config, so that the options are the argv, or the
``hparams.yml`` that accelerate's tensorboard tracker logs, or the README's front matter after a push. The folder that
tensorboard logs to is named by the script, and so tells which script ran.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rw_hooks.facts import Fact, Layer, Layers, TrainingFacts
from rw_hooks.facts.values import base_name
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_name
from rw_hooks_integrations.diffusers.files import diffusers_artifacts
from rw_hooks_integrations.diffusers.readme import front_matter

__all__ = ["DiffusersScripts"]

_SCRIPT = re.compile(
    r"train_(dreambooth|text_to_image|controlnet|lcm|instruct_pix2pix|unconditional|custom)\w*|textual_inversion\w*"
)
_HPARAMS = r"(?:.*/)?hparams\.yml"
_DEFAULT_FOLDERS = re.compile(
    r"(lora-)?dreambooth-model|text-inversion-model|sd-model-finetuned(-lora)?|controlnet-model|trained-\w+"
    r"|(flux|hidream|sd3|sd|qwen)[\w-]*dreambooth(-lora)?|flux-control(-lora)?"
)
_TEMPLATE_TAG = re.compile(
    r"text-to-image|image-to-image|diffusers|diffusers-training|lora|dora|template:.*|textual_inversion|controlnet"
    r"|(stable-diffusion|flux|sd3|hidream|qwen|lumina|sana|z-image)[\w.-]*"
)
# Longest first: flux2 and kontext before flux.
_FAMILIES = (
    (r"kontext", Named("flux1", "fluxkontextdev")),
    (r"flux[_-]?2|flux2", Named("flux2")),
    (r"flux", Named("flux1")),
    (r"sdxl|sd-?xl", Named("sdxl")),
    (r"sd3", Named("sd3", "sd3")),
    (r"hidream", Named("hidream")),
    (r"qwen", Named("qwen_image", "qwen_image")),
    (r"z[_-]?image", Named("z_image")),
    (r"lumina2", Named("lumina2")),
    (r"sana", Named("sana")),
    (r"krea2", Named("krea2")),
    (r"ideogram4", Named("ideogram4")),
)


class DiffusersScripts:
    """The integration named ``diffusers``."""

    name = "diffusers"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by script, 0.9 by logged options, less by file names alone."""
        options = _options(run)
        if (
            _SCRIPT.fullmatch(_script(run))
            and options.text("pretrained_model_name_or_path")
            and not options.text("output_name")
        ):
            return 1.0
        if options.text("pretrained_model_name_or_path") and _hparams(run):
            return 0.9
        names = (
            r"(?:checkpoint-\d+/)?(?:pytorch_lora_weights|learned_embeds(?:-steps-\d+)?)\.safetensors|model_index\.json"
        )
        return 0.4 if run.matching(names) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of argv, logged options and README."""
        options = _options(run)
        return TrainingFacts(
            name=_name(options),
            version=_version(options),
            category=_category(run, options),
            base_model=options.model("pretrained_model_name_or_path", "base_model"),
            trigger_words=options.phrase("placeholder_token") or options.phrase("instance_prompt"),
            tags=_tags(options),
            summary=options.summary(
                rank="rank",
                alpha="lora_alpha",
                steps="max_train_steps",
                resolution="resolution",
                optimizer="optimizer",
                learning_rate="learning_rate",
            ),
        ).over(base_facts(*_base(run, options)))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the root file, its twins and embeddings, and the checkpoints; parts of a pipeline are refused."""
        return diffusers_artifacts(run)


def _script(run: RunFolder) -> str:
    return run.launch.script.removesuffix(".py")


def _hparams(run: RunFolder) -> Path | None:
    """Return the newest logged options: each run logs into a folder named by its time."""
    return max(run.matching(_HPARAMS), key=lambda path: (path.parent.name, path), default=None)


def _options(run: RunFolder) -> Layers:
    hparams = _hparams(run)
    configs = (run.named_config, run.read(hparams) if hparams else None, front_matter(run))
    return Layers([Layer.of_launch(run.launch), *(Layer.of_config(config) for config in configs if config)])


def _name(options: Layers) -> Fact[str] | None:
    hub = options.fact("hub_model_id")
    if hub is not None:
        return Fact(value=base_name(hub.value), source=hub.source)
    folder = options.fact("output_dir", strength="derived")
    name = base_name(folder.value) if folder else ""
    if folder is None or not name.strip(".") or _DEFAULT_FOLDERS.fullmatch(name):
        return None
    return Fact(value=name, source=folder.source, strength="derived")


def _version(options: Layers) -> Fact[str] | None:
    steps = options.whole("max_train_steps")
    return Fact(value=f"step-{steps.value}", source=steps.source, strength="derived") if steps else None


def _tags(options: Layers) -> Fact[tuple[str, ...]] | None:
    """Return the README's tags without those that the scripts write into every card."""
    tags = options.words("tags")
    own = tuple(tag for tag in tags.value if not _is_template_tag(tag)) if tags else ()
    return Fact(value=own, source=tags.source) if tags and own else None


def _is_template_tag(tag: str) -> bool:
    return _TEMPLATE_TAG.fullmatch(tag.lower()) is not None


def _hint(run: RunFolder) -> tuple[str, str]:
    """Return what names the script, and the source: its own name, else the folder that its tracker logs to."""
    script = _script(run)
    if _SCRIPT.fullmatch(script):
        return script, f"script {script}"
    hparams = _hparams(run)
    folder = hparams.parent.parent.name if hparams else ""
    return folder, f"log folder {folder}"


def _category(run: RunFolder, options: Layers) -> Fact[str] | None:
    hint, source = _hint(run)
    if options.text("placeholder_token") or "textual_inversion" in hint:
        return Fact(value="embeddings", source=options.source("placeholder_token") or source)
    if "controlnet" in hint:
        return Fact(value="controlnet", source=source)
    if "lora" in hint or options.text("rank"):
        return Fact(value="lora", source=options.source("rank") or source)
    return Fact(value="checkpoint", source=source) if hint else None


def _base(run: RunFolder, options: Layers) -> tuple[Named | None, str]:
    """Return the base by its name, within the family that the script is for; a local folder's name may mean nothing."""
    hint, source = _hint(run)
    by_script = next((base for pattern, base in _FAMILIES if re.search(pattern, hint)), None)
    model = options.model("pretrained_model_name_or_path", "base_model")
    by_name = base_from_name(model.value) if model else None
    if model is not None and by_name is not None and (by_script is None or by_script.family == by_name.family):
        return by_name, model.source
    return by_script, source
