"""Whether the place of a file forbids its publication: files beside the results of a training that look like models.

Only names are checked, and an index file if there is one; no other file is read. :func:`refusal_by_place` gives the
answer both for a single file and for the files of a folder.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rw_hooks.support.foreign import is_dir, is_file

__all__ = ["BACKUP", "COMPONENT", "HALF_EMBEDDING", "SHARD", "TRAINING_STATE", "Refusal", "refusal_by_place"]


@dataclass(frozen=True)
class Refusal:
    """Why a file must not be published.

    Attributes:
        code: A stable word, which is the finding's code too.
        what: What the file is.
        fix: What to publish instead, or how to make it.
    """

    code: str
    what: str
    fix: str

    @property
    def words(self) -> str:
        """The complete reason, for people."""
        return f"{self.what}; {self.fix}" if self.fix else self.what


TRAINING_STATE = Refusal("training_state", "a training state, for resuming", "publish the final file beside it")
BACKUP = Refusal("training_state", "a backup, for resuming the training", "publish the final file")
COMPONENT = Refusal(
    "diffusers_component",
    "one part of a pipeline folder",
    "convert the whole folder to one file: "
    "python diffusers/scripts/convert_diffusers_to_original_sdxl.py --model_path FOLDER "
    "--checkpoint_path OUT.safetensors --use_safetensors (or ..._original_stable_diffusion.py for SD 1 and 2)",
)
SHARD = Refusal(
    "shard", "one shard of a model that was saved in several files", "merge the shards and publish the result"
)
HALF_EMBEDDING = Refusal(
    "half_embedding",
    "half of an embedding, for only one of the two text encoders",
    "merge both halves into one file, with the tensor of width 768 as clip_l and that of width 1280 as clip_g",
)

_SHARD = re.compile(r".*-\d{5}-of-(\d{5})\.safetensors")
_EMBEDDING = re.compile(r"learned_embeds(_2)?((?:-steps-\d+)?\.safetensors)")
_INDEXES = ("model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json")
_LARGEST_INDEX = 16 << 20

_OPTIMIZER_FOLDER = re.compile(r"global_step\d+|optimizer", re.IGNORECASE)
"""Of DeepSpeed and FSDP: whatever lies there is a state."""
_STATE_FOLDER = re.compile(r".*-state|accelerator.*", re.IGNORECASE)
"""Of kohya and musubi (``NAME-state``); but a model may be called so too (``solid-state/solid.safetensors``)."""
_STATE_FILES = ("optimizer.bin", "optimizer.pt", "random_states_0.pkl", "train_state.json")
_STATE_NAME = re.compile(r"(model|optimizer|pytorch_model)(_\d+)?(-\d{5}-of-\d{5})?\.safetensors")
"""As accelerate and transformers name what they save for resuming."""
_BACKUP_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}-backup-\d+-\d+-\d+")
_PART_NAME = re.compile(r"(diffusion_pytorch_model|model|pytorch_model)([._-].*)?\.safetensors")
"""As diffusers and transformers name a pipeline's parts; a LoRA that lies beside one is no part."""


def refusal_by_place(path: Path) -> Refusal | None:
    """Return why a file must not be published, whatever its content is; None if its place does not forbid it."""
    rules = (
        (_is_backup, BACKUP),
        (_is_training_state, TRAINING_STATE),
        (_is_component, COMPONENT),
        (_is_shard, SHARD),
        (_is_half, HALF_EMBEDDING),
    )
    return next((refusal for applies, refusal in rules if applies(path)), None)


def _is_backup(path: Path) -> bool:
    """Whether the file lies in one of OneTrainer's backups, which resume a run and are no result."""
    folders = (path.parent, *path.parents[1:3])
    return any(_BACKUP_FOLDER.fullmatch(folder.name) or is_dir(folder / "onetrainer_config") for folder in folders)


def _is_training_state(path: Path) -> bool:
    """Whether the file is a library's state of a run."""
    folder = path.parent
    if _OPTIMIZER_FOLDER.fullmatch(folder.name):
        return True
    has_state_name = _STATE_NAME.fullmatch(path.name) is not None
    if _STATE_FOLDER.fullmatch(folder.name) and (has_state_name or path.name.startswith("model")):
        return True
    return has_state_name and any(is_file(folder / name) for name in _STATE_FILES)


def _is_component(path: Path) -> bool:
    """Whether the file is a part of a diffusers pipeline folder."""
    return _PART_NAME.fullmatch(path.name) is not None and is_file(path.parent.parent / "model_index.json")


def _is_shard(path: Path) -> bool:
    """Whether the file is one of several that make up one model."""
    numbered = _SHARD.fullmatch(path.name)
    if numbered:
        return int(numbered[1]) > 1
    return any(_lists(path.with_name(index), path.name) for index in (f"{path.name}.index.json", *_INDEXES))


def _lists(index: Path, name: str) -> bool:
    """Whether an index file maps tensors to this file and to others."""
    try:
        if not is_file(index) or index.stat().st_size > _LARGEST_INDEX:
            return False
        content = json.loads(index.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    weights = cast("dict[str, object]", content).get("weight_map") if isinstance(content, dict) else None
    files = set(map(str, cast("dict[str, object]", weights).values())) if isinstance(weights, dict) else set[str]()
    return name in files and len(files) > 1


def _is_half(path: Path) -> bool:
    """Whether diffusers wrote the same words for SDXL's other text encoder into a file beside it."""
    half = _EMBEDDING.fullmatch(path.name)
    return half is not None and is_file(path.with_name(f"learned_embeds{'' if half[1] else '_2'}{half[2]}"))
