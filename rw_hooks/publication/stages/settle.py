"""The settle stage: a receipt is written beside the weights."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from rw_hooks.publication.receipt import Receipt, write_receipt
from rw_hooks.publication.stages.work import Work
from rw_hooks.support.failpoints import reach

__all__ = ["write_settlement"]


def write_settlement(work: Work) -> Receipt:
    """Write the receipt; if its folder may not be written, the publication is ready anyway."""
    receipt = _receipt(work)
    reach("settle.before_receipt")
    with work.services.store.lock(f"receipt {work.row.path}", work.deadline):
        written = write_receipt(Path(work.row.path), receipt)
    reach("settle.after_receipt")
    if not written:
        work.services.observer.note(f"the model is ready, but its receipt could not be written beside {work.row.path}")
    return receipt


def _receipt(work: Work) -> Receipt:
    registered = work.results.registered
    return Receipt(
        air=registered.air,
        sha256=work.row.key.sha256,
        size=work.results.inspection.size,
        endpoint=work.row.key.endpoint,
        url=registered.url,
        host=work.results.location.host,
        phases=registered.phases,
        seconds=work.results.seconds,
        model=registered.fields,
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
