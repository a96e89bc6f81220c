from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors

from rw_hooks.artifact import inspect
from rw_hooks.artifact.read.official_library import last_gate
from tests.artifact.making import codes, write

OLD = tuple(map(int, safetensors.__version__.split(".")[:2])) < (0, 6)


def test_a_sound_file_passes_the_installed_library(tmp_path: Path) -> None:
    assert last_gate(write(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)}), {"F32"}) == ()


def test_what_the_installed_library_refuses_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"\x05\x00\x00\x00\x00\x00\x00\x00{...}")
    assert [(item.code, item.severity) for item in last_gate(path, {"F32"})] == [("library_refuses", "error")]


def test_a_dtype_that_an_old_library_does_not_know_is_only_mentioned(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", {"w": np.full(4, 0x7F, np.uint8)}, dtypes={"w": "F8_E8M0"})
    found = inspect(path)
    assert found.valid
    assert codes(found) == ({"dtype_not_readable_here"} if OLD else set())
