"""Rules that one place has: nobody else renames files, copies blocks, works out pauses or compares times."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "rw_hooks").rglob("*.py"), *(ROOT / "integrations" / "rw_hooks_integrations").rglob("*.py")]


def renames(source: Path) -> list[int]:
    """Return the lines that rename a path: ``str.replace`` has two arguments, ``datetime.replace`` only named ones."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_rename(node, node.func)
    ]


def is_rename(call: ast.Call, function: ast.Attribute) -> bool:
    if isinstance(function.value, ast.Name) and function.value.id in {"os", "shutil"}:
        return function.attr in {"replace", "rename", "renames", "move"}
    return function.attr == "rename" or (function.attr == "replace" and len(call.args) == 1 and not call.keywords)


def test_nothing_else_renames():
    found = {path.relative_to(ROOT).as_posix(): lines for path in SOURCES if (lines := renames(path))}
    assert list(found) == ["rw_hooks/support/atomic_file.py"], found


@pytest.mark.parametrize("line", ["path.replace(final)", "os.replace(a, b)", "os.rename(a, b)", "Path(a).rename(b)"])
def test_a_rename_is_seen(tmp_path, line):
    (tmp_path / "a.py").write_text(f"x = text.replace('a', 'b'); y = now.replace(tzinfo=utc)\n{line}\n")
    assert renames(tmp_path / "a.py") == [2]


def test_nobody_else_works_out_a_pause():
    """Chance is used for pauses alone, and a pause without it is a power with a number of tries."""
    by_hand = re.compile(r"random\.uniform|\*\* *\(?(min\()?(attempt|tries|conflicts|drops)")
    found = [path for path in (ROOT / "rw_hooks").rglob("*.py") if by_hand.search(path.read_text(encoding="utf-8"))]
    assert found == [ROOT / "rw_hooks" / "support" / "backoff.py"]


def test_nobody_else_shares_blocks():
    sharing = [path for path in (ROOT / "rw_hooks").rglob("*.py") if "FICLONE" in path.read_text(encoding="utf-8")]
    assert sharing == [ROOT / "rw_hooks" / "support" / "copy_file.py"]


def test_nobody_else_compares_times():
    """Times of change are read elsewhere only to order files and to hand one over, never to compare for equality."""
    comparing = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in (ROOT / "rw_hooks").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        and any(isinstance(part, ast.Attribute) and part.attr in {"st_mtime_ns", "st_ino"} for part in ast.walk(node))
    ]
    assert comparing == []
