"""Reading the result JSON of fal's trainers: the weights are at a public URL already.

Facts from public client code: ``{"diffusers_lora_file": {"url", "file_name", "file_size"}, "config_file": {...}}``;
other trainers of fal use other keys that end in ``lora_file``. Trigger word and steps are in the request, which people
keep in the same JSON under ``input``, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from rw_hooks.facts import Config, Fact, Layer, Layers, TrainingFacts
from rw_hooks.facts.values import base_name, dig, text
from rw_hooks.integration import RunArtifact, RunFolder

__all__ = ["Fal"]


class _Result(NamedTuple):
    """The weights of a result: under which key, where, and their name."""

    key: str
    url: str
    name: str


class Fal:
    """The integration named ``fal``."""

    name = "fal"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 for a JSON with a LoRA file's URL."""
        return 1.0 if _result(run) is not None else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return what the request says, where it was kept."""
        config = _config(run)
        asked = dig(config.values, "input") if config else None
        if config is None or not isinstance(asked, Mapping):
            return TrainingFacts()
        options = Layers([Layer.of_config(config, cast("Mapping[str, Any]", asked), "input.")])
        steps, trigger = options.whole("steps"), options.phrase("trigger_word") or options.phrase("trigger_phrase")
        return TrainingFacts(
            name=Fact(value=trigger.value[0], source=trigger.source, strength="derived") if trigger else None,
            trigger_words=trigger,
            version=Fact(value=f"step-{steps.value}", source=steps.source) if steps else None,
            summary=options.summary(steps="steps", learning_rate="learning_rate"),
        )

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the one file, which is at its URL and not on this machine."""
        result = _result(run)
        return [RunArtifact(path=Path(result.name), final=True, url=result.url)] if result else []


def _config(run: RunFolder) -> Config | None:
    return run.read(run.path) if run.path.suffix.lower() == ".json" else None


def _result(run: RunFolder) -> _Result | None:
    """Return the weights' entry, at the top or under ``data`` or ``output`` as clients wrap it."""
    config = _config(run)
    for within in (None, "data", "output"):
        found = config and (config.values if within is None else dig(config.values, within))
        for key, value in cast("Mapping[str, object]", found).items() if isinstance(found, Mapping) else ():
            url = text(dig(value, "url"))
            if key.endswith("lora_file") and url and url.startswith(("https://", "http://")):
                return _Result(key, url, base_name(text(dig(value, "file_name")) or url.partition("?")[0]))
    return None
