"""The page of promises says what the tests try."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.reliability.harness import ROOT


@pytest.mark.reliability
def test_the_table_of_fault_classes_is_of_today():
    checked = subprocess.run(
        [sys.executable, "-m", "tests.reliability.table", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
