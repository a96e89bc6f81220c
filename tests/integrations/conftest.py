"""Recorded runs, unfolded once a session: for tests that only read them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.doubles.runs import unfold


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives a recorded run's folder; nobody may change anything in it."""
    target = tmp_path_factory.mktemp("runs")
    return cache(lambda run: unfold(run, target))
