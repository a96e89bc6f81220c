"""The receipt beside the weights: ``<file>.rw.json``, one entry an AIR, without anything secret."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rw_hooks.describe import WireValue
from rw_hooks.support.atomic_file import LEFTOVERS, replacing
from rw_hooks.support.failpoints import reach
from rw_hooks.support.private_files import clear_leftovers

__all__ = ["SCHEMA", "Receipt", "read_receipts", "receipt_path", "write_receipt"]

SCHEMA = 1
_BYTES_MAX = 5_000_000
_MODE = 0o666
"""As the trainer's own files: a receipt tells nothing that the weights do not."""
_LOG = logging.getLogger("rw_hooks.publish")


class Receipt(BaseModel):
    """What became of a file under one AIR.

    Attributes:
        air: The AIR, as the platform answered it.
        sha256: Of the published file.
        size: Bytes.
        endpoint: Runware's REST endpoint.
        url: Where the platform fetched it, without any signed part.
        host: The host's own URL.
        phases: ``status`` and ``at`` of each phase.
        seconds: How long each stage took.
        model: The request's fields by wire name.
        at: When the receipt was written.
    """

    model_config = ConfigDict(frozen=True)

    air: str
    sha256: str
    size: int
    endpoint: str
    url: str
    host: str
    phases: tuple[dict[str, str], ...]
    seconds: dict[str, float]
    model: dict[str, WireValue]
    at: str


def receipt_path(path: Path) -> Path:
    """Return where the receipt of this file lies."""
    return path.with_name(path.name + ".rw.json")


def read_receipts(path: Path) -> dict[str, Receipt]:
    """Return the receipts beside this file by AIR; none where there is no readable one."""
    file = receipt_path(path)
    try:
        if file.stat().st_size > _BYTES_MAX:
            return {}
        entries = json.loads(file.read_text(encoding="utf-8"))["airs"]
        return {air: Receipt.model_validate({"air": air, **entry}) for air, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return {}


def write_receipt(path: Path, receipt: Receipt) -> bool:
    """Add the receipt to those beside the file, and say whether that was possible."""
    receipts = {**read_receipts(path), receipt.air: receipt}
    shown = {air: entry.model_dump(mode="json", exclude={"air"}) for air, entry in receipts.items()}
    text = json.dumps({"schema": SCHEMA, "airs": shown}, indent=2) + "\n"
    clear_leftovers(path.parent, LEFTOVERS)
    try:
        with replacing(receipt_path(path), mode=_MODE) as file:
            file.write(text.encode())
            file.flush()
            reach("settle.receipt_written")
    except OSError as error:
        _LOG.warning("the receipt beside %s could not be written: %s", path, error)
        return False
    return True
