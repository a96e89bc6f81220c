from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "post_train"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the example is a shell script")
def test_the_example_trains_and_publishes(sandbox, tmp_path, monkeypatch):
    folder = tmp_path / "post_train"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("outputs"))
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in (("python", ""), ("rw-hooks", "-m rw_hooks")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    done = subprocess.run(["bash", folder / "run.sh", "--json"], capture_output=True, text=True, check=True)
    shown = json.loads(done.stdout.splitlines()[-1])
    assert shown["status"] == "ready"
    assert shown["model"]["positiveTriggerWords"] == "mystyle"
    receipt = folder / "outputs" / "my_style.safetensors.rw.json"
    assert shown["air"] in receipt.read_text(encoding="utf-8")
