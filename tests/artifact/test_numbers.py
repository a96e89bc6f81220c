from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rw_hooks.artifact import inspect
from rw_hooks.artifact.read.header import DTYPE_BITS, Tensor
from rw_hooks.artifact.read.numbers import Contents, Scanner
from tests.artifact.making import codes, write

# Every float type: the bits of NaN, of Inf where it has one, of one, of zero.
FLOATS: dict[str, tuple[str, list[int], int, list[int]]] = {
    "F64": ("<u8", [0x7FF8 << 48, 0x7FF0 << 48, 0xFFF0 << 48, (0x7FF0 << 48) + 1], 0x3FF0 << 48, [0, 1 << 63]),
    "F32": ("<u4", [0x7FC00000, 0x7F800000, 0xFF800000, 0x7F800001], 0x3F800000, [0, 1 << 31]),
    "F16": ("<u2", [0x7E00, 0x7C00, 0xFC00, 0xFC01], 0x3C00, [0, 1 << 15]),
    "BF16": ("<u2", [0x7FC0, 0x7F80, 0xFF80, 0xFF81], 0x3F80, [0, 1 << 15]),
    "F8_E5M2": ("u1", [0x7E, 0x7C, 0xFC, 0xFF], 0x3C, [0, 0x80]),
    "F8_E4M3": ("u1", [0x7F, 0xFF], 0x38, [0, 0x80]),
    "F8_E4M3FNUZ": ("u1", [0x80], 0x40, [0]),
    "F8_E5M2FNUZ": ("u1", [0x80], 0x40, [0]),
    "F8_E8M0": ("u1", [0xFF], 0x7F, []),
}
BAD = [(dtype, bits) for dtype, (_, bad, _, _) in FLOATS.items() for bits in bad]


def scan(dtype: str, raw: bytes, *pieces: int) -> Contents:
    """Scan one tensor, fed in pieces of these lengths, the rest at once."""
    count = len(raw) * 8 // DTYPE_BITS[dtype]
    scanner = Scanner([Tensor("t", dtype, (count,), 0, len(raw))], ["t"])
    view = memoryview(raw)
    for piece in pieces:
        scanner.feed(view[:piece])
        view = view[piece:]
    scanner.feed(view)
    return scanner.contents["t"]


@pytest.mark.parametrize(("dtype", "bits"), BAD, ids=[f"{dtype}-{bits:x}" for dtype, bits in BAD])
@pytest.mark.parametrize("position", [0, 500, 999])
def test_what_is_not_finite_is_found_wherever_it_is(dtype: str, bits: int, position: int) -> None:
    kind, _, one, _ = FLOATS[dtype]
    values = np.full(1000, one, kind)
    assert scan(dtype, values.tobytes()).finite
    values[position] = bits
    assert not scan(dtype, values.tobytes()).finite


@pytest.mark.parametrize("dtype", FLOATS)
def test_zeros_of_either_sign_are_zero(dtype: str) -> None:
    kind, _, one, zeros = FLOATS[dtype]
    for zero in zeros:
        values = np.full(64, zero, kind)
        assert scan(dtype, values.tobytes()).zero
        values[63] = one
        assert not scan(dtype, values.tobytes()).zero


@pytest.mark.parametrize("dtype", ["F16", "F32", "F64", "BF16"])
def test_the_largest_magnitude_is_exact(dtype: str) -> None:
    values = np.array([0.5, -6.5, 2.25, -0.0], np.float32)
    raw = (values.view("<u4") >> 16).astype("<u2") if dtype == "BF16" else values.astype(f"<f{DTYPE_BITS[dtype] // 8}")
    assert scan(dtype, raw.tobytes()).peak == 6.5


@pytest.mark.parametrize("dtype", ["I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64"])
def test_a_single_whole_number_is_read(dtype: str) -> None:
    value = -3 if dtype.startswith("I") else 200
    raw = value.to_bytes(DTYPE_BITS[dtype] // 8, "little", signed=dtype.startswith("I"))
    assert scan(dtype, raw).value == value
    assert scan(dtype, raw * 2).value is None


@pytest.mark.parametrize(("bits", "value"), [(0x7E, 448.0), (0x38, 1.0), (0x01, 2.0**-9)])
def test_fp8_magnitudes_follow_the_ocp_specification(bits: int, value: float) -> None:
    assert scan("F8_E4M3", bytes([bits, 0])).peak == value


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), max_size=6), st.sampled_from(["F16", "F32", "F64"]))
def test_the_answer_does_not_depend_on_how_the_bytes_arrive(pieces: list[int], dtype: str) -> None:
    values = np.linspace(-3, 2, 40).astype(f"<f{DTYPE_BITS[dtype] // 8}")
    assert scan(dtype, values.tobytes(), *pieces) == scan(dtype, values.tobytes())


def test_tensors_that_start_anywhere_are_told_apart() -> None:
    shapes = [("a", "U8", b"\x01"), ("b", "F32", np.float32(2).tobytes()), ("c", "F16", b""), ("d", "F16", b"\0\0")]
    ends = list(itertools.accumulate(len(raw) for _, _, raw in shapes))
    tensors = [
        Tensor(name, dtype, (), end - len(raw), end) for (name, dtype, raw), end in zip(shapes, ends, strict=True)
    ]
    scanner = Scanner(tensors)
    for byte in b"".join(raw for _, _, raw in shapes):
        scanner.feed(memoryview(bytes([byte])))
    assert scanner.contents["b"].value == 2.0
    assert scanner.contents["d"].zero
    assert "c" not in scanner.contents


@pytest.mark.parametrize(
    ("arrays", "dtypes", "expected"),
    [
        ({"a": np.array([1.0, np.nan], np.float32)}, {}, {"nan_values"}),
        ({"a": np.array([1.0, np.inf], np.float16)}, {}, {"nan_values"}),
        ({"a": np.array([0x7FC0, 0x3F80], np.uint16)}, {"a": "BF16"}, {"nan_values"}),
        ({"a": np.array([0x7F, 0x38], np.uint8)}, {"a": "F8_E4M3"}, {"nan_values"}),
        ({"a": np.array([np.nan + 0j], np.complex64)}, {}, {"nan_values"}),
        ({"a": np.zeros(4, np.float32), "b": np.zeros(4, np.int64)}, {}, {"all_zero"}),
        ({"a": np.zeros(4, np.float32), "b": np.ones(4, np.float32)}, {}, set()),
        ({"a": np.array([1.0], np.float64)}, {}, set()),
    ],
)
def test_bad_numbers_are_errors(
    tmp_path: Path, arrays: dict[str, Any], dtypes: dict[str, str], expected: set[str]
) -> None:
    found = inspect(write(tmp_path / "x.safetensors", arrays, dtypes=dtypes))
    assert codes(found, "error") == expected
    assert found.valid is not bool(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([65504.0, 1.0], {"f16_edge"}), ([-65504.0, 1.0], {"f16_edge"}), ([5e-8, 0], {"f16_subnormal"}), ([1.0], set())],
)
def test_the_edges_of_f16_are_worth_a_warning(tmp_path: Path, values: list[float], expected: set[str]) -> None:
    found = inspect(write(tmp_path / "x.safetensors", {"w": np.array(values, np.float16)}))
    assert codes(found, "warning") & {"f16_edge", "f16_subnormal"} == expected
