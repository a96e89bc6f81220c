"""What the place of a file says, where its header alone cannot: states, pipeline components, shards.

Only names are looked at, and an index file when one lies beside; no other file is read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

__all__ = ["is_component", "is_half", "is_shard", "is_training_state"]

_SHARD = re.compile(r".*-\d{5}-of-(\d{5})\.safetensors")
_EMBEDDING = re.compile(r"learned_embeds(_2)?((?:-steps-\d+)?\.safetensors)")
_INDEXES = ("model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json")
_LARGEST_INDEX = 16 << 20


def is_shard(path: Path) -> bool:
    """Whether the file is one of several that make up one model."""
    numbered = _SHARD.fullmatch(path.name)
    if numbered:
        return int(numbered[1]) > 1
    return any(_lists(path.with_name(index), path.name) for index in (f"{path.name}.index.json", *_INDEXES))


def _lists(index: Path, name: str) -> bool:
    """Whether an index file maps tensors to this file and to others."""
    try:
        if index.stat().st_size > _LARGEST_INDEX:
            return False
        content = json.loads(index.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    weights = cast("dict[str, object]", content).get("weight_map") if isinstance(content, dict) else None
    files = set(map(str, cast("dict[str, object]", weights).values())) if isinstance(weights, dict) else set[str]()
    return name in files and len(files) > 1


def is_training_state(path: Path) -> bool:
    """Whether the file is accelerate's state of a run (kohya and musubi call the folder ``NAME-state``)."""
    folder = path.parent
    if not path.name.startswith("model"):
        return False
    return folder.name.endswith("-state") or (folder / "train_state.json").exists()


def is_backup(path: Path) -> bool:
    """Whether the file lies in one of OneTrainer's backups, which resume a run and are no result."""
    return any((folder / "onetrainer_config").is_dir() for folder in (path.parent, *path.parents[:2]))


def is_half(path: Path) -> bool:
    """Whether diffusers wrote the same words for SDXL's other text encoder into a file beside it."""
    half = _EMBEDDING.fullmatch(path.name)
    return half is not None and path.with_name(f"learned_embeds{'' if half[1] else '_2'}{half[2]}").exists()


def is_component(path: Path) -> bool:
    """Whether the file is a part of a diffusers pipeline folder."""
    folder = path.parent
    return (folder.parent / "model_index.json").exists() and (folder / "config.json").exists()
