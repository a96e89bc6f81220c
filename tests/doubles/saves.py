"""Files as a trainer leaves them. Standard library only, so that a script which saves starts fast."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["EMBEDDING", "save"]

EMBEDDING = Path(__file__).parents[1] / "data" / "artifacts" / "skstoy.safetensors"


def save(path: Path, number: int = 0, *, source: Path = EMBEDDING, data: int = 0) -> Path:
    """Write a sound file, under its final name as safetensors before 0.8.0 does.

    Args:
        path: Where.
        number: Files of different numbers differ in their metadata.
        source: The file that it is made of.
        data: Files of different ones differ in their tensors: one bit in a weight each.
    """
    raw = source.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"] = {**header.get("__metadata__", {}), "save": str(number)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = bytearray(raw[8 + length :])
    tensors[4 * data] ^= bool(data)
    path.write_bytes(len(text).to_bytes(8, "little") + text + tensors)
    return path
