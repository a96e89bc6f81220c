"""Finding the weights file of a path, and whether it is complete. Standard library only.

Releases of safetensors before 0.8.0 write the file under its final name, so a file may exist and still grow. Its header
says how large it must be: 8 bytes (the length of the header, little endian), plus the header, plus the highest of all
``data_offsets`` (safetensors format, "Format" in its README).
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
    """Whether the file has the size that its header says.

    False for a file that is not a safetensors file, or not yet.
    """
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
    """Return the weights file of a path: the file itself, or the only one in a folder.

    Raises:
        FileNotFoundError: There is none.
        ValueError: The folder has several, and no name shows which one to use.
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
