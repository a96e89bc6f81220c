"""Recorded training runs, unfolded: their real files, and weights with their real headers over made-up numbers.

``tests/data/runs`` keeps of every weights file only its header (``NAME.safetensors.header.gz``): names, shapes, dtypes
and metadata are the trainer's own, and nothing else of a file tells what it is.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["RUNS", "unfold", "write_weights"]

RUNS = Path(__file__).parents[1] / "data" / "runs"
_FOLDED = ".header.gz"


def unfold(run: str, target: Path) -> Path:
    """Copy a recorded run (``kohya-sd-scripts/lora_sd15``) into a folder of its own below ``target``."""
    folder = target / run
    for source in sorted((RUNS / run).rglob("*")):
        copy = folder / source.relative_to(RUNS / run)
        if source.name.endswith(_FOLDED):
            copy.parent.mkdir(parents=True, exist_ok=True)
            header = json.loads(gzip.decompress(source.read_bytes()))
            write_weights(copy.with_name(copy.name.removesuffix(_FOLDED)), header)
        elif source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    return folder


def write_weights(path: Path, header: dict[str, Any]) -> None:
    """Write a safetensors file with this header; every alpha is 1, everything else small random numbers."""
    random = np.random.default_rng(len(header))
    tensors = sorted(
        ((name, entry) for name, entry in header.items() if name != "__metadata__"),
        key=lambda item: item[1]["data_offsets"],
    )
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for name, entry in tensors:
            count = int(np.prod(entry["shape"], dtype=np.int64))
            values = np.ones(count) if name.endswith(".alpha") else random.normal(0, 0.02, count)
            file.write(_bytes(values.astype(np.float32), entry["dtype"]))


def _bytes(values: np.ndarray[Any, np.dtype[np.float32]], dtype: str) -> bytes:
    if dtype == "BF16":
        return (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    return values.astype({"F16": "<f2", "F32": "<f4", "I64": "<i8"}[dtype]).tobytes()
