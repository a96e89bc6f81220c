"""The structural rules of a safetensors file: what its header may say, and that the data fits it exactly.

The rules are those of safetensors 0.8.0 (``safetensors/src/tensor.rs``), whatever version is installed, and stricter
where that library is blind: a name given twice, names that no trainer writes. A header is judged before anything it
claims is believed: no allocation depends on a number that the file names, only on the bytes it really has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeGuard, cast

from rw_hooks.artifact.model import Finding
from rw_hooks.artifact.read.strict_json import Duplicates, StrictJsonError, parse

__all__ = ["DTYPE_BITS", "Header", "HeaderError", "Tensor", "header_length", "parse_header"]

MAX_HEADER_BYTES = 100_000_000
"""The library's own limit (``MAX_HEADER_SIZE``): 100 MB, not MiB."""

DTYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
}  # fmt: skip

_PREFIX_BYTES = 8
_MAX_U64 = 2**64 - 1
_LONGEST_NAME = 1024
_MAX_SHOWN = 10
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_FIELDS = frozenset({"dtype", "shape", "data_offsets"})


class Tensor(NamedTuple):
    """One tensor: its name, dtype, shape, and where its bytes lie behind the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return (self.end - self.start) * 8 // DTYPE_BITS[self.dtype]


@dataclass(frozen=True)
class Header:
    """A header that keeps every rule.

    Attributes:
        tensors: In the order of their bytes.
        metadata: ``__metadata__``, empty when there is none.
        data_start: Where the bytes of the tensors begin in the file.
        findings: What is allowed and still worth saying.
    """

    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    data_start: int
    findings: tuple[Finding, ...] = ()


class HeaderError(ValueError):
    """The header breaks a rule; ``finding`` says which."""

    def __init__(self, code: str, message: str, *tensors: str) -> None:
        super().__init__(message)
        self.finding = Finding(code=code, severity="error", message=message, tensors=tuple(map(_shown, tensors)))


def header_length(prefix: bytes, size: int) -> int:
    """Return the header's length, which is in the first 8 bytes of a file of ``size`` bytes.

    Raises:
        HeaderError: The file is too short, or the length cannot be.
    """
    if size < _PREFIX_BYTES or len(prefix) < _PREFIX_BYTES:
        raise HeaderError("truncated", f"the file has only {size} bytes; a safetensors file has at least 10")
    length = int.from_bytes(prefix[:_PREFIX_BYTES], "little")
    if length > MAX_HEADER_BYTES:
        raise HeaderError("header_too_large", f"the header claims {length} bytes; the format allows 100000000")
    if length > size - _PREFIX_BYTES:
        missing = length + _PREFIX_BYTES - size
        raise HeaderError(
            "truncated", f"the file ends {missing} bytes before the end of its header; copy or download it again"
        )
    return length


def parse_header(raw: bytes, data_size: int) -> Header:
    """Judge a header of which ``data_size`` bytes of tensors follow in the file.

    Raises:
        HeaderError: It breaks a rule.
    """
    try:
        entries = parse(raw)
    except StrictJsonError as error:
        raise HeaderError("header_json", f"the header is not valid JSON: {error}") from None
    if isinstance(entries, Duplicates):
        raise HeaderError("duplicate_name", "the header has two tensors of one name", *entries.names)
    if not isinstance(entries, dict):
        raise HeaderError("header_json", "the header is not a JSON object")
    entries = cast("dict[str, object]", entries)

    metadata = _metadata(entries.pop("__metadata__", None))
    unknown: set[str] = set()
    tensors = [_tensor(name, entry, unknown) for name, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    _require_layout(tensors, data_size)
    findings = (*_soft_findings(raw, unknown), *_tensor_findings(tensors))
    return Header(tuple(tensors), metadata, _PREFIX_BYTES + len(raw), findings)


def _metadata(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, Duplicates):
        raise HeaderError("duplicate_name", "__metadata__ has a key twice: " + ", ".join(map(_shown, value.names)))
    if not isinstance(value, dict):
        raise HeaderError("bad_metadata", "__metadata__ is not a JSON object")
    for key, text in cast("dict[str, object]", value).items():
        if not isinstance(text, str):
            raise HeaderError("bad_metadata", f"the value of {_shown(key)!r} in __metadata__ is not a string")
    return cast("dict[str, str]", value)


def _tensor(name: str, entry: object, unknown: set[str]) -> Tensor:
    if isinstance(entry, Duplicates):
        raise HeaderError("duplicate_name", f"a tensor's entry has {entry.names[0]!r} twice", name)
    if not isinstance(entry, dict):
        raise HeaderError("bad_tensor", "a tensor's entry is not a JSON object", name)
    fields = cast("dict[str, object]", entry)
    missing = _FIELDS - fields.keys()
    if missing:
        raise HeaderError("bad_tensor", f"a tensor lacks {', '.join(sorted(missing))}", name)
    _note_unknown(name, fields, unknown)
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        raise HeaderError("bad_dtype", f"a tensor has the unknown dtype {_shown(str(dtype))!r}", name)
    if not _are_sizes(shape):
        raise HeaderError("bad_tensor", "a tensor's shape is not a list of whole numbers", name)
    if not _are_sizes(offsets) or len(offsets) != 2:  # noqa: PLR2004 - begin and end
        raise HeaderError("bad_tensor", "a tensor's data_offsets are not two whole numbers", name)
    start, end = offsets
    bits = _checked_bits(name, shape, dtype)
    if end < start or (end - start) * 8 != bits:
        raise HeaderError(
            "bad_layout", f"a tensor of {bits} bits has data_offsets {start} to {end}, which do not fit", name
        )
    _require_name(name)
    return Tensor(name, dtype, tuple(shape), start, end)


def _note_unknown(name: str, fields: dict[str, object], unknown: set[str]) -> None:
    extra = fields.keys() - _FIELDS
    if any(isinstance(fields[key], (dict, list)) for key in extra):
        raise HeaderError("bad_tensor", f"a tensor has the unknown field {_shown(min(extra))!r}", name)
    unknown.update(extra)


def _are_sizes(value: object) -> TypeGuard[list[int]]:
    """Whether it is a list of unsigned 64-bit numbers (a bool is an int to Python, not to the format)."""
    return isinstance(value, list) and all(
        type(item) is int and 0 <= item <= _MAX_U64 for item in cast("list[object]", value)
    )


def _checked_bits(name: str, shape: list[int], dtype: str) -> int:
    """Multiply as the library does, in 64 bits and from left to right: an overflow counts even before a zero."""
    bits = 1
    for size in (*shape, DTYPE_BITS[dtype]):
        bits *= size
        if bits > _MAX_U64:
            raise HeaderError("bad_layout", "a tensor's shape is larger than any file", name)
    return bits


def _require_name(name: str) -> None:
    if not name:
        raise HeaderError("bad_name", "a tensor has an empty name")
    if len(name) > _LONGEST_NAME:
        raise HeaderError("bad_name", f"a tensor has a name of {len(name)} characters", name)
    if _UNPRINTABLE.search(name):
        raise HeaderError("bad_name", "a tensor has a name with control characters", name)


def _require_layout(tensors: list[Tensor], data_size: int) -> None:
    """Require that the tensors cover the data exactly: no hole, no overlap, nothing before, nothing after."""
    if not tensors:
        raise HeaderError("no_tensors", "the file holds no tensors")
    position = 0
    for tensor in tensors:
        if tensor.start != position:
            what = "leaves a hole before" if tensor.start > position else "overlaps the one before"
            raise HeaderError("bad_layout", f"a tensor {what} byte {position}", tensor.name)
        position = tensor.end
    if position > data_size:
        raise HeaderError("truncated", f"the file ends {position - data_size} bytes early; copy or download it again")
    if position < data_size:
        raise HeaderError("trailing_bytes", f"{data_size - position} bytes follow the last tensor")


def _soft_findings(raw: bytes, unknown: set[str]) -> list[Finding]:
    findings: list[Finding] = []
    if not raw.startswith(b"{"):
        message = "the header starts with white space, which older readers refuse"
        findings.append(Finding(code="header_white_space", severity="warning", message=message))
    if unknown:
        message = "tensors have fields that the format does not define: " + ", ".join(sorted(map(_shown, unknown))[:5])
        findings.append(Finding(code="unknown_field", severity="warning", message=message))
    return findings


def _tensor_findings(tensors: list[Tensor]) -> list[Finding]:
    empty = [tensor.name for tensor in tensors if tensor.start == tensor.end]
    # ComfyUI marks a scaled FP8 checkpoint with an empty tensor of this name.
    empty = [name for name in empty if not name.endswith("scaled_fp8")]
    if not empty:
        return []
    message = f"{len(empty)} tensors are empty"
    return [Finding(code="empty_tensors", severity="warning", message=message, tensors=tuple(empty[:_MAX_SHOWN]))]


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN * 20 else text[: _MAX_SHOWN * 20] + "..."
