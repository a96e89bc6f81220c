"""A worker leaves the processor to the training, as the system itself tells it."""

from __future__ import annotations

import os
import sys
import time

import pytest

from rw_hooks.queue.worker_lease import WorkerLease

WORKER = """
import os, sys, time
from pathlib import Path
time.sleep(0.3)
group = Path("/proc/self/autogroup")
Path(sys.argv[1]).write_text(f"{os.nice(0)} {group.read_text().split()[-1] if group.exists() else 10}")
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="nice values are POSIX")


def test_a_worker_is_kept_back_from_its_first_moment(tmp_path):
    said = tmp_path / "said"
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    WorkerLease(tmp_path / "home", "http://127.0.0.1:9/v1", "key").start_worker(
        os.environ, f'"{sys.executable}" "{script}" "{said}"'
    )
    until = time.monotonic() + 20
    while not (said.exists() and said.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    assert said.read_text().split() == ["10", "10"]
