"""Small real .safetensors files, sound and otherwise, written byte by byte."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rw_hooks.artifact.model import Inspection
from rw_hooks.artifact.read.header import DTYPE_BITS, Tensor

__all__ = ["HEADERS", "adapter_layer", "codes", "header_bytes", "load_item", "tensors_of", "write", "write_item"]

HEADERS = Path(__file__).parents[1] / "data" / "headers"
_NAMES = {"float16": "F16", "float32": "F32", "float64": "F64", "uint8": "U8", "int64": "I64", "bool": "BOOL",
          "complex64": "C64", "int8": "I8"}  # fmt: skip


def write(
    path: Path,
    arrays: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    dtypes: Mapping[str, str] | None = None,
) -> Path:
    """Write a file of these arrays; ``dtypes`` names those that numpy has no type for (given as their raw integers)."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    data = b""
    for name, value in arrays.items():
        array = np.asarray(value)
        raw = array.tobytes()
        dtype = (dtypes or {}).get(name) or _NAMES[array.dtype.name]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    path.write_bytes(header_bytes(header) + data)
    return path


def header_bytes(header: Mapping[str, Any] | bytes) -> bytes:
    """The header with its length in front, as a file begins with it."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw


def adapter_layer(
    name: str, *, width: int = 8, outputs: int = 8, rank: int = 2, alpha: float | None = 2.0, scale: float = 0.1
) -> dict[str, Any]:
    """One kohya layer with random numbers."""
    random = np.random.default_rng(len(name))
    layer: dict[str, Any] = {
        f"{name}.lora_down.weight": (random.normal(0, scale, (rank, width))).astype(np.float32),
        f"{name}.lora_up.weight": (random.normal(0, scale, (outputs, rank))).astype(np.float32),
    }
    if alpha is not None:
        layer[f"{name}.alpha"] = np.float32(alpha)
    return layer


def codes(inspection: Inspection, *severities: str) -> set[str]:
    """The codes of the findings, of these severities or of all."""
    return {item.code for item in inspection.findings if not severities or item.severity in severities}


def load_item(name: str) -> dict[str, Any]:
    """A labelled header of the corpus."""
    content: dict[str, Any] = json.loads(gzip.decompress((HEADERS / f"{name}.json.gz").read_bytes()))
    return content


def tensors_of(shapes: Mapping[str, Sequence[int]], dtype: str = "F16") -> tuple[Tensor, ...]:
    """Tensors of these shapes, one behind the other."""
    made: list[Tensor] = []
    position = 0
    for name, shape in shapes.items():
        end = position + math.prod(shape) * DTYPE_BITS[dtype] // 8
        made.append(Tensor(name, dtype, tuple(shape), position, end))
        position = end
    return tuple(made)


def write_item(path: Path, item: Mapping[str, Any]) -> Path:
    """Write a labelled header as a file whose data is a hole."""
    header: dict[str, Any] = {}
    if item.get("metadata"):
        header["__metadata__"] = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in item["metadata"].items()
        }
    position = 0
    for name, tensor in item["tensors"].items():
        dtype = tensor["dtype"] or "F16"
        end = position + math.prod(tensor["shape"]) * DTYPE_BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": tensor["shape"], "data_offsets": [position, end]}
        position = end
    with path.open("wb") as out:
        out.write(header_bytes(header))
        out.truncate(out.tell() + position)
    return path
