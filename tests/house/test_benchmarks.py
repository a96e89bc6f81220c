"""Every benchmark that README takes a figure from runs on this code, here with the least that it can measure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = {
    "hook_overhead": (["--pairs", "0"], "24 GB"),
    "identify": ([str(ROOT / "tests" / "data" / "headers")], "family"),
    "inspect_speed": (["--gib", "0.01", "--rounds", "1"], "median ratio"),
    "zero_config": ([], "all"),
}


def test_every_benchmark_is_run_here():
    assert {file.stem for file in (ROOT / "benchmarks").glob("*.py")} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_it_runs(name):
    words, result = RUNS[name]
    assert result in measured(name, *words)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_steps_of_a_training_are_measured():
    said = measured("hook_overhead", "--gigabytes", "0.01", "--pairs", "2")
    assert "upload_file, blocking" in said


def measured(name, *words):
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *words]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
