"""What the numbers of a file are: NaN, Inf, all zero, the largest magnitude. One pass, on views, without copies.

The bits of a float, read as a whole number, grow with its magnitude; so the largest signed and the largest unsigned
whole number of a tensor tell the greatest positive and the greatest negative value, whether any is not finite, and
whether all are zero. Two integer maxima run at memory speed for every float type, which no arithmetic on F16, BF16
or FP8 does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rw_hooks.artifact.read.header import Tensor

__all__ = ["Contents", "Scanner"]

_SAMPLE = 4096


class _Float(NamedTuple):
    """How a float type is laid out.

    Attributes:
        width: Bytes.
        bad: The least magnitude, as a whole number, that is not finite; None where every pattern is a number.
        mantissa: Bits of the mantissa.
        bias: Of the exponent.
    """

    width: int
    bad: int | None
    mantissa: int
    bias: int


# IEEE 754 for F64, F32 and F16; BF16 is the upper half of an F32; FP8 by the OCP specification (E4M3 has no Inf).
_FLOATS = {
    "F64": _Float(8, 0x7FF0_0000_0000_0000, 52, 1023),
    "F32": _Float(4, 0x7F80_0000, 23, 127),
    "F16": _Float(2, 0x7C00, 10, 15),
    "BF16": _Float(2, 0x7F80, 7, 127),
    "F8_E5M2": _Float(1, 0x7C, 2, 15),
    "F8_E4M3": _Float(1, 0x7F, 3, 7),
    "C64": _Float(4, 0x7F80_0000, 23, 127),
    "F8_E4M3FNUZ": _Float(1, None, 3, 8),
    "F8_E5M2FNUZ": _Float(1, None, 2, 16),
}
_WHOLE = {"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"}
_NAN_BYTE = {"F8_E4M3FNUZ": 0x80, "F8_E5M2FNUZ": 0x80, "F8_E8M0": 0xFF}


class Contents(NamedTuple):
    """What one tensor holds.

    Attributes:
        finite: No NaN and no Inf.
        zero: Every number is zero (of either sign).
        peak: The largest magnitude among the finite; None for whole numbers and sub-byte floats.
        subnormal: The largest magnitude is subnormal: the numbers have lost their precision.
        f16: The numbers are F16.
        rms: Root mean square of the first numbers; None where it was not asked for.
        value: The number itself, of a tensor that holds exactly one.
    """

    finite: bool = True
    zero: bool = False
    peak: float | None = None
    subnormal: bool = False
    f16: bool = False
    rms: float | None = None
    value: float | None = None


class Scanner:
    """Reads the bytes of the tensors in file order, in pieces of any length.

    Args:
        tensors: In the order of their bytes, without holes between them.
        sampled: Names of those whose ``rms`` is wanted.
    """

    def __init__(self, tensors: Sequence[Tensor], sampled: Iterable[str] = ()) -> None:
        self.contents: dict[str, Contents] = {}
        self._sampled = frozenset(sampled)
        self._tensors = tensors
        self._index = 0
        self._position = 0
        self._carry = b""
        self._open()

    def feed(self, data: memoryview) -> None:
        """Take the next bytes."""
        while data and self._index < len(self._tensors):
            tensor = self._tensors[self._index]
            piece = data[: tensor.end - self._position]
            data = data[len(piece) :]
            self._position += len(piece)
            self._take(tensor, piece)
            if self._position == tensor.end:
                self._close(tensor)

    def _open(self) -> None:
        """Begin with the next tensor that has bytes."""
        while self._index < len(self._tensors) and self._tensors[self._index].end == self._position:
            self._index += 1
        self._positive = self._negative = 0
        self._any_bit = self._nan = False
        self._rms: float | None = None
        self._first = b""

    def _close(self, tensor: Tensor) -> None:
        self.contents[tensor.name] = self._contents(tensor)
        self._index += 1
        self._open()

    def _take(self, tensor: Tensor, piece: memoryview) -> None:
        width = _FLOATS[tensor.dtype].width if tensor.dtype in _FLOATS else 1
        if self._carry or len(piece) % width:
            joined = self._carry + bytes(piece)
            whole = len(joined) - len(joined) % width
            self._carry, piece = joined[whole:], memoryview(joined)[:whole]
        if not piece:
            return
        if len(self._first) < _SAMPLE * width:
            self._first += bytes(piece[: _SAMPLE * width - len(self._first)])
        if tensor.dtype in _FLOATS:
            self._measure(np.frombuffer(piece, f"<i{width}"), np.frombuffer(piece, f"<u{width}"))
        if tensor.dtype not in _FLOATS or tensor.dtype in _NAN_BYTE:
            self._measure_bytes(np.frombuffer(piece, np.uint8), _NAN_BYTE.get(tensor.dtype))

    def _measure(self, signed: npt.NDArray[np.signedinteger], unsigned: npt.NDArray[np.unsignedinteger]) -> None:
        sign = 1 << (signed.itemsize * 8 - 1)
        self._positive = max(self._positive, int(signed.max()))
        highest = int(unsigned.max())
        if highest >= sign:
            self._negative = max(self._negative, highest - sign)

    def _measure_bytes(self, values: npt.NDArray[np.uint8], nan: int | None) -> None:
        self._any_bit = self._any_bit or bool(values.max())
        if nan is not None and not self._nan:
            self._nan = bool((values == nan).any())

    def _contents(self, tensor: Tensor) -> Contents:
        layout = _FLOATS.get(tensor.dtype)
        if layout is None:
            zero = not self._any_bit and tensor.dtype != "F8_E8M0"
            return Contents(finite=not self._nan, zero=zero, value=self._whole_number(tensor))
        magnitude = max(self._positive, self._negative)
        finite = not self._nan and (layout.bad is None or magnitude < layout.bad)
        wanted = finite and (tensor.name in self._sampled or tensor.elements == 1)
        sample = _decode(self._first, tensor.dtype) if wanted else None
        return Contents(
            finite=finite,
            zero=magnitude == 0 and not self._nan,
            peak=_magnitude(magnitude, layout) if finite else None,
            subnormal=0 < magnitude < 1 << layout.mantissa,
            f16=tensor.dtype == "F16",
            rms=float(np.sqrt(np.mean(np.square(sample, dtype=np.float64)))) if sample is not None else None,
            value=float(sample[0]) if sample is not None and tensor.elements == 1 else None,
        )

    def _whole_number(self, tensor: Tensor) -> float | None:
        """Read the alphas that sd-scripts keeps as I64 where no precision was asked for."""
        if tensor.elements != 1 or tensor.dtype not in _WHOLE:
            return None
        return float(int.from_bytes(self._first, "little", signed=tensor.dtype.startswith("I")))


def _magnitude(bits: int, layout: _Float) -> float:
    exponent, fraction = bits >> layout.mantissa, bits & ((1 << layout.mantissa) - 1)
    if exponent == 0:
        return fraction * 2.0 ** (1 - layout.bias - layout.mantissa)
    return (1 + fraction / (1 << layout.mantissa)) * 2.0 ** (exponent - layout.bias)


def _decode(raw: bytes, dtype: str) -> npt.NDArray[np.floating]:
    if dtype in {"F16", "F32", "F64"}:
        return np.frombuffer(raw, {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype])
    if dtype == "BF16":
        return np.frombuffer((np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).tobytes(), np.float32)
    if dtype == "C64":
        return np.frombuffer(raw, "<f4")
    layout = _FLOATS[dtype]
    table = [(-1.0 if bits & 0x80 else 1.0) * _magnitude(bits & 0x7F, layout) for bits in range(256)]
    return np.array(table)[np.frombuffer(raw, np.uint8)]
