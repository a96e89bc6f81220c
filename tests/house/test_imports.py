"""What is imported when: a trainer's environment is not disturbed, and a command answers at once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
HEADER = ROOT / "tests" / "data" / "artifacts" / "sks_toy_v1.safetensors"
WALL = "What a hook loads is the standard library alone"


def contract(name: str) -> dict[str, list[str]]:
    """Return an import contract by its name."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    return next(entry for entry in contracts if entry["name"] == name)


def modules_of(package: str) -> list[str]:
    """Return a package and its modules, or the one module."""
    place = ROOT.joinpath(*package.split("."))
    found = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in found]


BEHIND_THE_WALL = [module for package in contract(WALL)["source_modules"] for module in modules_of(package)]
STANDARD_LIBRARY_ALONE = ["rw_hooks", "rw_hooks.air", "rw_hooks.errors", "rw_hooks.cli.commands", *BEHIND_THE_WALL]
FOREIGN_MODULES = """
import sys
known = set(sys.modules)
import {module}
new = {{name.partition(".")[0] for name in set(sys.modules) - known}}
print(*sorted(new - set(sys.stdlib_module_names) - {{"rw_hooks"}}))
"""


IMPORT_SECONDS = """
import time
started = time.process_time()  # a busy machine does not fail the test
import rw_hooks
print(time.process_time() - started)
"""


def output(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("module", STANDARD_LIBRARY_ALONE)
def test_what_a_hook_needs_loads_the_standard_library_alone(module):
    assert output("-c", FOREIGN_MODULES.format(module=module)).split() == []


def test_importing_the_package_costs_less_than_50_ms():
    assert min(float(output("-c", IMPORT_SECONDS)) for _ in range(5)) < 0.050


LOADED = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr))
from rw_hooks.cli import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], {"cyclopts", "httpx", "numpy", "pydantic", "rich"}),
        (["inspect", "--header-only", "--json", str(HEADER)], {"httpx", "numpy", "pydantic", "rich"}),
        (["inspect", "--header-only", str(HEADER)], {"httpx", "numpy", "pydantic"}),
    ],
)
def test_what_answers_at_once_loads_nothing_that_it_does_not_need(arguments, unneeded):
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], check=True, capture_output=True, text=True)
    assert unneeded & set(done.stderr.split()) == set()
    assert done.stdout


def test_publish_is_a_plain_function():
    script = "import rw_hooks, types; print(isinstance(rw_hooks.publish, types.FunctionType))"
    assert output("-c", script).split() == ["True"]


THROUGH_A_WALL = [
    ("hook.publish_hook", "rw_hooks.engines.local.worker"),
    ("queue.snapshot", "pydantic"),
    ("support.private_files", "httpx"),
    ("support.redact", "numpy"),
    ("config.precedence", "rw_hooks.config.settings"),
    ("publication.stages.host", "sqlite3"),
    ("publication.services", "filelock"),
    ("api.publish", "rw_hooks.engines.local.runner"),
    ("hosts.directory", "rw_hooks.hosts.url"),
]


def test_an_import_through_a_wall_is_refused(tmp_path):
    pytest.importorskip("importlinter")
    for part in ("rw_hooks", "integrations/rw_hooks_integrations"):
        shutil.copytree(ROOT / part, tmp_path / Path(part).name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for module, imported in THROUGH_A_WALL:
        file = tmp_path.joinpath("rw_hooks", *module.split(".")).with_suffix(".py")
        late = f"def late():\n    import {imported}\n"
        file.write_text(f"{file.read_text(encoding='utf-8')}\n\n{late}", encoding="utf-8")
    script = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    told = " ".join(done.stdout.split())
    assert [entry for entry in THROUGH_A_WALL if f"rw_hooks.{entry[0]} -> {entry[1]}" not in told] == [], done.stdout
    for wall in (WALL, "A hook knows the queue", "A publication knows no engine", "Engines are found", "No host knows"):
        assert re.search(rf"{wall}[^\n]* BROKEN", done.stdout), wall


def test_every_public_name_can_be_loaded():
    import rw_hooks

    assert [name for name in rw_hooks.__all__ if getattr(rw_hooks, name, None) is None] == []
