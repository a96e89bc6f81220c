"""The summary of a publication, as one small table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rw_hooks.artifact.model import Finding
from rw_hooks.cli.show import print_rows
from rw_hooks.describe import storage_cost
from rw_hooks.publication.model import STAGE_NAMES, Publication

__all__ = ["finding_rows", "print_summary", "storage_price"]

_DONE = {
    "registered": "ready",
    "updated": "ready; the description was updated, the file was not sent again",
    "nothing": "was ready already; nothing was sent",
}


def print_summary(publication: Publication) -> None:
    """Print the result of the publication to standard output."""
    print_rows(_rows(publication))


def storage_price(size: int) -> str:
    """Return the storage price of so many bytes, as a text for people."""
    gigabytes, dollars = storage_cost(size)
    return f"{gigabytes} GB (rounded up), ${dollars:.4f} a day after Runware's upload beta"


def finding_rows(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield the findings as rows, the most severe first."""
    order = ("error", "warning", "info")
    for finding in sorted(findings, key=lambda finding: order.index(finding.severity)):
        yield finding.severity, f"{finding.message} ({finding.code})"


def _rows(publication: Publication) -> Iterator[tuple[str, Any]]:
    yield "file", publication.path
    yield "status", _DONE[publication.changed] if publication.status == "ready" else publication.status
    if publication.id is not None and publication.status in {"pending", "failed"}:
        yield "job", publication.id
    if publication.air is not None:
        yield "AIR", publication.air
    if publication.model:
        yield "model", _model(publication.model)
    if publication.url is not None:
        yield "URL", publication.url
    if publication.sha256 is not None:
        yield "sha256", publication.sha256[:12]
    if publication.seconds:
        yield "time", _seconds(publication.seconds)
    if publication.size:
        yield "storage", storage_price(publication.size)
    yield from finding_rows(publication.findings)


def _model(fields: dict[str, Any]) -> str:
    parts = [str(fields[name]) for name in ("category", "type", "architecture") if fields.get(name)]
    words = fields.get("positiveTriggerWords")
    return ", ".join([*parts, f"trigger words: {words}"] if words else parts)


def _seconds(seconds: dict[str, float]) -> str:
    return ", ".join(f"{stage} {seconds[stage]:.1f} s" for stage in STAGE_NAMES if stage in seconds)
