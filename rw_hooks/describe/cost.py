"""What storing a model costs at the platform (Runware's model upload page, "Storage Pricing")."""

from __future__ import annotations

__all__ = ["storage_cost"]

_GIGABYTE = 10**9
_DOLLARS_PER_GIGABYTE_MONTH = 0.05
_DAYS_PER_MONTH = 30


def storage_cost(size: int) -> tuple[int, float]:
    """Return the gigabytes that are charged (rounded up, at least one) and the dollars a day after the beta.

    Args:
        size: Bytes.
    """
    gigabytes = max(1, -(-size // _GIGABYTE))
    return gigabytes, gigabytes * _DOLLARS_PER_GIGABYTE_MONTH / _DAYS_PER_MONTH
