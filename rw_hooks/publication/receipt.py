"""The receipt beside the weights file: ``<file>.rw.json``, with one entry for each AIR, without secrets."""

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
"""The file mode of a receipt: as the trainer's own files, because it contains nothing that the weights file does
not."""
_LOG = logging.getLogger("rw_hooks.publish")


class Receipt(BaseModel):
    """The publication of a file under one AIR.

    Attributes:
        air: The AIR, as Runware returned it.
        sha256: The published file's sha256, hexadecimal.
        size: Bytes.
        endpoint: Runware's REST endpoint.
        url: The URL from which Runware fetched it, without any signed part.
        host: The host's own URL.
        phases: ``status`` and ``at`` of each phase.
        seconds: How long each stage took.
        model: The request's fields, by their names in Runware's API.
        at: When the receipt was written, ISO 8601 in UTC.
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
    """Return the path of this file's receipt."""
    return path.with_name(path.name + ".rw.json")


def read_receipts(path: Path) -> dict[str, Receipt]:
    """Return the receipts beside this file by AIR; none if there is no readable receipt."""
    file = receipt_path(path)
    try:
        if file.stat().st_size > _BYTES_MAX:
            return {}
        entries = json.loads(file.read_text(encoding="utf-8"))["airs"]
        return {air: Receipt.model_validate({"air": air, **entry}) for air, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return {}


def write_receipt(path: Path, receipt: Receipt) -> bool:
    """Add the receipt to those beside the file, and return whether this was possible."""
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
