"""What killed processes left half-written is removed when nobody can be writing it any more."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rw_hooks.config.state_dir import clear_state_leftovers

LEFT = [
    ".journal.tmp", "inbox/.0123.json.1.tmp", "standing/.0123.json.1.tmp", "runs/.0123.json.1.tmp",
    "inbox/.rw-hooks-0123abcd.tmp", "spool/.rw-hooks-0123abcd.tmp",
    "spool/.0123456789ab.copy.partial", "spool/.0123456789ab.copy.partial.part", "spool/.unpacking-x/lora.safetensors",
]  # fmt: skip
KEPT = ["journal.sqlite3", "inbox/0123.json", "spool/0123456789ab.copy", "spool/tar-0123/run/lora.safetensors"]


def files(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


def test_only_what_is_half_written_and_old_is_removed(tmp_path):
    for name in (*LEFT, *KEPT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    clear_state_leftovers(tmp_path)
    assert files(tmp_path) == {*LEFT, *KEPT}
    past = time.time() - 7200
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        os.utime(path, (past, past))
    os.utime(tmp_path / "spool" / ".unpacking-x" / "lora.safetensors")
    clear_state_leftovers(tmp_path)
    assert files(tmp_path) == {"spool/.unpacking-x/lora.safetensors", *KEPT}
    os.utime(tmp_path / "spool" / ".unpacking-x" / "lora.safetensors", (past, past))
    clear_state_leftovers(tmp_path)
    assert files(tmp_path) == set(KEPT)
    assert not (tmp_path / "spool" / ".unpacking-x").exists()
