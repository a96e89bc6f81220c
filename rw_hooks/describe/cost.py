"""What storing a model at Runware costs (Runware's model upload page, "Storage Pricing")."""

from __future__ import annotations

__all__ = ["storage_cost"]

_GIGABYTE = 10**9
_DOLLARS_PER_GIGABYTE_MONTH = 0.05
_DAYS_PER_MONTH = 30


def storage_cost(size: int) -> tuple[int, float]:
    """Return the charged gigabytes (rounded up, at least one), and the US dollars a day when the beta has ended.

    Args:
        size: Bytes of the file.
    """
    gigabytes = max(1, -(-size // _GIGABYTE))
    return gigabytes, gigabytes * _DOLLARS_PER_GIGABYTE_MONTH / _DAYS_PER_MONTH
