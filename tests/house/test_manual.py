"""The example in the manual does what the manual says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_in_the_manual_passes_its_suite(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "testing.md").read_text("utf-8"), re.DOTALL)
    suite, script = (next(block for block in blocks if word in block) for word in ("IntegrationSuite", "Stage.from"))
    (tmp_path / "test_mine.py").write_text(suite)
    (tmp_path / "my_training.py").write_text(script)
    (tmp_path / "my_trainer.py").write_text(
        "from rw_hooks import PublishHook\n\n\nclass MyCallback:\n"
        "    def __init__(self):\n        self.hook = PublishHook()\n        self.after_save = self.hook.on_save\n"
        "        self.after_training = self.hook.on_end\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    words = "workers or notebook or final_only"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", words, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    assert re.search(r"^3 passed", done.stdout, re.MULTILINE), done.stdout
