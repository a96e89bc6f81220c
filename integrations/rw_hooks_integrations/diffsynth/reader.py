"""Reading what DiffSynth-Studio leaves.

Facts of DiffSynth-Studio fed7b18f (2.1.2): ``training_args.json`` holds all arguments; files are ``epoch-N`` (from 0)
or ``step-N``, and the last one is the result. Alpha equals the rank. There are no trigger words and no samples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from rw_hooks.facts import Fact, Layer, Layers, TrainingFacts
from rw_hooks.facts.values import base_name
from rw_hooks.integration import Named, RunArtifact, RunFolder, base_facts, base_from_name

__all__ = ["DiffSynth"]

_ARGUMENTS = r"training_args\.json"
_SAVE = re.compile(r"(epoch|step)-(\d+)")


class DiffSynth:
    """The integration named ``diffsynth``."""

    name = "diffsynth"

    def recognise(self, run: RunFolder) -> float:
        """Return 1.0 by its arguments, less by file names alone."""
        options = _options(run)
        if options.raw("model_id_with_origin_paths") or options.raw("model_paths") or options.raw("lora_base_model"):
            return 1.0
        return 0.3 if any(_SAVE.fullmatch(path.stem) and path.parent == run.root for path in run.weights) else 0.0

    def facts(self, run: RunFolder) -> TrainingFacts:
        """Return the facts of the arguments."""
        options = _options(run)
        base, source, name = _base(options)
        output = options.fact("output_path", strength="derived")
        lora = options.text("lora_base_model")
        category = Fact(value="lora" if lora else "checkpoint",
                        source=options.source("lora_base_model") or "no lora_base_model")  # fmt: skip
        return TrainingFacts(
            name=Fact(value=base_name(output.value), source=output.source, strength="derived") if output else None,
            category=category if options else None,
            base_model=Fact(value=name, source=source) if name else None,
            summary=options.summary(
                **({"rank": "lora_rank"} if lora else {}), epochs="num_epochs", learning_rate="learning_rate"
            ),
        ).over(base_facts(base, source))

    def artifacts(self, run: RunFolder) -> Sequence[RunArtifact]:
        """Return the saves; of epochs and steps the highest is the result."""
        saves = [_artifact(path) for path in run.weights if path.parent == run.root]
        usable = [save for save in saves if save.publishable and (save.epoch is not None or save.step is not None)]
        last = max(usable, key=lambda save: (save.epoch or 0, save.step or 0), default=None)
        return [save.model_copy(update={"final": True, "so_far": True}) if save is last else save for save in saves]


def _options(run: RunFolder) -> Layers:
    beside = run.matching(_ARGUMENTS)
    configs = (run.named_config, run.read(beside[0]) if beside else None)
    return Layers([Layer.of_launch(run.launch), *(Layer.of_config(config) for config in configs if config)])


def _base(options: Layers) -> tuple[Named | None, str, str | None]:
    """Return the base, its source and its name: of the first model id or path that names a known one."""
    ids = [entry.split(":")[0].strip() for entry in (options.text("model_id_with_origin_paths") or "").split(",")]
    for key, names in (("model_id_with_origin_paths", ids), ("model_paths", _paths(options))):
        for name in names:
            base = base_from_name(name)
            if base is not None:
                return base, options.source(key), name
    return None, options.source("model_id_with_origin_paths"), ids[0] or None


def _paths(options: Layers) -> list[str]:
    """Return the file names in ``--model_paths``: a JSON list of paths or of lists of paths."""
    given = options.raw("model_paths")
    try:
        listed = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return []
    flat: list[str] = []
    for entry in cast("list[object]", listed) if isinstance(listed, list) else []:
        flat.extend(str(path) for path in (cast("list[object]", entry) if isinstance(entry, list) else [entry]))
    return [base_name(path) for path in flat]


def _artifact(path: Path) -> RunArtifact:
    match = _SAVE.fullmatch(path.stem)
    number = int(match[2]) if match else None
    by_epoch = match is not None and match[1] == "epoch"
    return RunArtifact(
        path=path,
        epoch=number if by_epoch else None,
        step=None if by_epoch else number,
        final=match is None,
        version=Fact(value=path.stem, source="file name", strength="derived") if match else None,
    )
