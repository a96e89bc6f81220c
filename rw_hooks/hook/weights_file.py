"""Which file holds the weights, and whether it is written to its end. Standard library only.

Releases of safetensors before 0.8.0 write under the final name, so a file may be there and still grow. Its header says
where its last byte is: the length of the header (8 bytes, little endian), the header, and the highest of all
``data_offsets`` make up the size (safetensors format, "Format" in its README).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

__all__ = ["is_complete", "weights_in"]

_HEADER_BYTES_MAX = 100_000_000
_WEIGHTS = (
    "pytorch_lora_weights.safetensors",
    "adapter_model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "model.safetensors",
)


def is_complete(path: Path) -> bool:
    """Whether the file's size is what its header says; False for what is no safetensors file, or not yet."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= min(size - 8, _HEADER_BYTES_MAX):
                return False
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            return size == 8 + length + max(ends, default=0)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return False


def weights_in(path: Path) -> Path:
    """Return the weights file that a path stands for: itself, or the one in a folder.

    Raises:
        FileNotFoundError: There is none.
        ValueError: The folder holds several, and none has a name that says what it is.
    """
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.safetensors"))
    named = next((file for name in _WEIGHTS for file in found if file.name == name), None)
    if named is not None or len(found) == 1:
        return named or found[0]
    if not found:
        raise FileNotFoundError(f"no .safetensors file in {path}")
    raise ValueError(f"{path} has several .safetensors files; give the path of one of them")
