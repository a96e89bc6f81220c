"""Whether the hashes that a file carries of itself still hold. A mismatch is a warning: converters copy old ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rw_hooks.artifact.model import Finding

__all__ = ["hash_findings"]

_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_HEX_DIGITS = 64


def hash_findings(metadata: Mapping[str, str], data_sha256: str | None) -> Iterable[Finding]:
    """Compare ``sshs_model_hash`` and ``modelspec.hash_sha256`` with the hash of the data.

    Both are the sha256 of the bytes behind the header where sd-scripts, musubi-tuner, ai-toolkit and OneTrainer wrote
    them. LyCORIS marks another sum, over the tensors in the order of its state dict, by ``0x`` in ``sshs_model_hash``;
    sd-scripts does the same in ``modelspec.hash_sha256``. Those cannot be checked here, nor are they wrong.
    """
    if data_sha256 is None:
        return
    for key in ("sshs_model_hash", "modelspec.hash_sha256"):
        claimed = metadata.get(key, "").strip().lower()
        digits = claimed.removeprefix("0x")
        if len(digits) != _HEX_DIGITS or digits == data_sha256:
            continue
        if digits == _OF_NOTHING:
            message = (
                f"{key} is the hash of an empty file, a known bug of some trainers; web UIs will show this wrong hash"
            )
            yield Finding(code="empty_hash_claim", severity="warning", message=message)
        elif claimed == digits:
            message = f"{key} is not the hash of the tensors: they were changed or converted after it was written"
            yield Finding(code="stale_hash_claim", severity="warning", message=message)
        else:
            message = f"{key} is a hash of another kind (0x...), which web UIs may show as AutoV3"
            yield Finding(code="foreign_hash_claim", severity="warning", message=message)
