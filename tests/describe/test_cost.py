from __future__ import annotations

import pytest

from rw_hooks.describe import storage_cost


@pytest.mark.parametrize(
    ("size", "gigabytes", "dollars"),
    [(200_000_000, 1, 0.0017), (2_300_000_000, 3, 0.0050), (9_700_000_000, 10, 0.0167), (10_400_000_000, 11, 0.0183),
     (1_000_000_000, 1, 0.0017), (1_000_000_001, 2, 0.0033), (1, 1, 0.0017)],
)  # fmt: skip
def test_storage_costs_as_the_platform_computes_it(size: int, gigabytes: int, dollars: float) -> None:
    charged, a_day = storage_cost(size)
    assert charged == gigabytes
    assert round(a_day, 4) == dollars
