"""Rules for the source tree itself."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "rw_hooks").rglob("*.py"), *(ROOT / "integrations").rglob("*.py")])
PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
WRITTEN = [*SOURCES, *PROSE, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "examples").rglob("*.py"))]
READERS_OF_THE_ENVIRONMENT = {
    "rw_hooks/config/settings.py",
    "rw_hooks/hook/publish_hook.py",  # must not load what the settings need
    "rw_hooks/cli/run.py",  # the rank of this machine is no setting
    "rw_hooks/support/http.py",  # to know when the certificates' own variables have changed
    "rw_hooks/hosts/hub/upload.py",  # this and the next one build a child's environment from their own
    "rw_hooks/publication/notify.py",
    "rw_hooks/testing/_engine_process.py",  # these build the environments of processes that are tried
    "rw_hooks/testing/engines.py",
    "rw_hooks/testing/hosts.py",
    "rw_hooks/testing/integrations.py",
    "rw_hooks/testing/stage.py",  # to know its rank
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_longer_than_500_lines():
    assert [relative(path) for path in SOURCES if lines_of(path) > 500] == []


def test_the_median_module_is_shorter_than_150_lines():
    assert statistics.median(map(lines_of, SOURCES)) < 150


def test_no_folder_holds_more_than_20_modules():
    folders = [folder for folder in (ROOT / "rw_hooks").rglob("*") if folder.is_dir() and folder.name != "cli"]
    modules = {
        relative(folder): [path for path in folder.glob("*.py") if path.stem != "__init__"] for folder in folders
    }
    assert [name for name, found in modules.items() if len(found) > 20] == []


def test_no_function_is_more_complex_than_grade_c():
    complexity = pytest.importorskip("radon.complexity", reason="radon is not installed")
    blocks = {path: complexity.cc_visit(path.read_text(encoding="utf-8")) for path in SOURCES}
    worse = [(relative(path), block.name) for path, found in blocks.items() for block in found if block.complexity > 20]
    assert worse == []


def test_nothing_is_unused():
    vulture = pytest.importorskip("vulture", reason="vulture is not installed").Vulture()
    vulture.scavenge([ROOT / "rw_hooks", ROOT / "integrations"])
    assert [str(item) for item in vulture.get_unused_code(min_confidence=80)] == []


def test_every_module_says_why_it_exists():
    assert [relative(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_only_the_settings_read_the_environment():
    readers = {relative(path) for path in SOURCES if reads_environment(ast.parse(path.read_text(encoding="utf-8")))}
    assert readers == READERS_OF_THE_ENVIRONMENT


def reads_environment(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "environb", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(tree)
    )


def test_the_reader_of_environments_is_recognised():
    assert reads_environment(ast.parse("import os\nname = os.environ['HOME']"))
    assert not reads_environment(ast.parse("import os\nname = os.sep"))


def test_nothing_is_left_for_later():
    unfinished = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|NotImplemented" + r"Error)\b")
    assert [relative(path) for path in WRITTEN if unfinished.search(path.read_text(encoding="utf-8"))] == []


def test_nothing_speaks_of_one_machine():
    one_machine = re.compile(r"(?<![\w.])/(?:work|root)/|\.\./" + r"shared")
    assert [relative(path) for path in WRITTEN if one_machine.search(path.read_text(encoding="utf-8"))] == []


def test_the_licence_is_apache_2():
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").lstrip().startswith("Apache License")
