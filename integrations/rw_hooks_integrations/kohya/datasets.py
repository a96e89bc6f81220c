"""Trigger words out of datasets: ``class_tokens`` of a dataset config, or folders named ``N_trigger class``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from rw_hooks.facts import Config, Fact, Layers
from rw_hooks.facts.values import base_name, dig, flag, text
from rw_hooks.integration import RunFolder
from rw_hooks.integration.foreign import is_dir

__all__ = ["class_tokens", "dataset_config", "folder_words"]

_FOLDER = re.compile(r"\d+_(.+)")


def class_tokens(run: RunFolder, options: Layers) -> Fact[tuple[str, ...]] | None:
    """Return the trigger words of all subsets that are no regularisation images."""
    config = dataset_config(run, options)
    if config is not None:
        subsets = [subset for subset in _subsets(config) if not flag(subset.get("is_reg"))]
        stated = _unique(text(subset.get("class_tokens")) for subset in subsets)
        if stated:
            return Fact(value=stated, source=config.source("class_tokens"))
        named = _unique(folder_words(str(subset.get("image_dir") or "")) for subset in subsets)
        return Fact(value=named, source=config.source("image_dir"), strength="derived") if named else None
    folder = options.text("train_data_dir")
    named = _unique(folder_words(name) for name in _folder_names(folder))
    return Fact(value=named, source="folder names in train_data_dir", strength="derived") if named else None


def dataset_config(run: RunFolder, options: Layers) -> Config | None:
    """Return the dataset config: the one that the options name, else the named config, else ``dataset.toml``."""
    named = run.find(options.raw("dataset_config"))
    if named is not None:
        return run.read(named)
    if run.named_config is not None and "datasets" in run.named_config.values:
        return run.named_config
    beside = run.matching(r"dataset\.toml")
    return run.read(beside[0]) if beside else None


def _subsets(config: Config) -> Iterator[Mapping[str, Any]]:
    for dataset in _mappings(dig(config.values, "datasets")):
        yield from _mappings(dataset.get("subsets"))


def _mappings(value: object) -> list[Mapping[str, Any]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping)]


def folder_words(path: str) -> str | None:
    """Return the words of a folder named by the convention: ``10_sks toy`` gives ``sks toy``."""
    match = _FOLDER.fullmatch(base_name(path))
    return match[1].strip() if match else None


def _folder_names(folder: str | None) -> list[str]:
    if folder is None:
        return []
    try:
        return sorted(entry.name for entry in Path(folder).iterdir() if is_dir(entry))
    except OSError:
        return []


def _unique(values: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
