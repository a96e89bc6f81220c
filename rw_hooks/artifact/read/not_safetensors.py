"""What a file that is no safetensors file really is, told from its first bytes.

The official library answers "header too large" to a saved error page, a pickle and a Git LFS pointer alike; people
need to hear which of them it is and what to do about it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rw_hooks.artifact.model import Finding

__all__ = ["CONVERT_PICKLE", "SNIFF_BYTES", "sniff"]

SNIFF_BYTES = 512

CONVERT_PICKLE = (
    "convert it: python -c \"import torch, safetensors.torch as s; w = torch.load('IN', weights_only=True); "
    "s.save_file({k: v.contiguous() for k, v in w.get('state_dict', w).items()}, 'OUT.safetensors')\""
)
_AGAIN = "download it again, with the token that the host requires"


class _Kind(NamedTuple):
    code: str
    pattern: re.Pattern[bytes]
    what: str
    fix: str


def _kind(code: str, pattern: bytes, what: str, fix: str) -> _Kind:
    return _Kind(code, re.compile(pattern, re.DOTALL | re.IGNORECASE), what, fix)


_TEXT_START = rb"(?:\xef\xbb\xbf)?\s*"
_KINDS = (
    _kind("html_page", _TEXT_START + rb"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", "a web page", _AGAIN),
    _kind("xml_page", _TEXT_START + rb"<\?xml", "an XML document, most likely a storage server's error", _AGAIN),
    _kind("lfs_pointer", rb"version https://git-lfs", "a Git LFS pointer, not the file itself", "run: git lfs pull"),
    _kind("zip_archive", rb"PK(?:\x03\x04|\x05\x06)", "a zip archive, as PyTorch writes .pt and .ckpt", CONVERT_PICKLE),
    _kind("pickle", rb"\x80[\x02-\x05][^\x00]", "a Python pickle, as older PyTorch writes .pt files", CONVERT_PICKLE),
    _kind("gguf", rb"GGUF", "a GGUF file", "publish the .safetensors file it was made from"),
    _kind("ggml", rb"(?:ggjt|ggla|tjgg|algg)", "a GGML file", "publish the .safetensors file it was made from"),
    _kind("tar_archive", rb".{257}ustar", "a tar archive", "unpack it and give the .safetensors file inside"),
    _kind("gzip_archive", rb"\x1f\x8b", "a gzip archive", "unpack it and give the .safetensors file inside"),
    _kind("archive", rb"(?:7z\xbc\xaf\x27\x1c|Rar!|\xfd7zXZ|BZh[1-9]|\x28\xb5\x2f\xfd)", "an archive", "unpack it"),
    _kind("hdf5", rb"\x89HDF\r\n\x1a\n", "an HDF5 file", "export the weights as .safetensors"),
    _kind("numpy", rb"\x93NUMPY", "a NumPy array", "export the weights as .safetensors"),
    _kind("image", rb"(?:\x89PNG\r\n|\xff\xd8\xff|GIF8|RIFF....WEBP)", "an image", "give the .safetensors file"),
    _kind("json_page", _TEXT_START + rb"[{\[]\s*[\"}\]]", "a JSON document, most likely a server's answer", _AGAIN),
    _kind("zero_filled", rb"\x00{64}", "zeros: an unfinished download or copy", "download or copy it again"),
    _kind("text", _TEXT_START + rb"[\x20-\x7e\s]{64}", "a text file", "give the .safetensors file"),
)  # fmt: skip


def sniff(first_bytes: bytes) -> Finding | None:
    """Return what the file is instead of safetensors, or None when its first bytes do not tell."""
    if not first_bytes:
        return Finding(code="empty_file", severity="error", message="the file is empty; save or download it again")
    for kind in _KINDS:
        if kind.pattern.match(first_bytes):
            message = f"this is not a safetensors file but {kind.what}; {kind.fix}"
            return Finding(code=kind.code, severity="error", message=message)
    return None
