"""The manual names everything that scripts and people rely on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rw_hooks.cli.commands import COMMANDS, EXIT_CODES
from rw_hooks.options import OPTIONS

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+|[a-z]{5,}")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def codes_in(tree: ast.AST) -> set[str]:
    """Return the codes that a module gives to errors (their first argument) and findings (``code=``)."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    given = [node.args[0] for node in calls if node.func.id.endswith("Error") and node.args]
    given += [entry.value for node in calls for entry in node.keywords if entry.arg == "code"]
    words = {node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {word for word in words if CODE.fullmatch(word)}


def all_codes() -> set[str]:
    sources = (ROOT / "rw_hooks").rglob("*.py")
    return set().union(*(codes_in(ast.parse(path.read_text(encoding="utf-8"))) for path in sources))


def test_the_readme_has_the_two_commands_to_the_letter():
    lines = read("README.md").splitlines()
    assert "pip install . && rw-hooks demo" in lines
    assert "pip install '.[test]' && pytest" in lines


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_is_in_the_readme(command):
    assert re.search(rf"`(?:rw-hooks )?{command}\b", read("README.md"))


@pytest.mark.parametrize(("code", "meaning"), EXIT_CODES)
def test_every_exit_code_is_in_the_readme_and_the_manual(code, meaning):
    assert f"| {code} |" in read("README.md")
    assert f"| {code} |" in read("docs/errors.md")


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_in_the_manual(name):
    assert f"`{OPTIONS[name].flag}`" in read("docs/options.md")


@pytest.mark.parametrize("code", sorted(all_codes()))
def test_every_code_is_in_the_manual(code):
    assert f"`{code}`" in read("docs/errors.md")


def test_codes_of_errors_and_findings_are_found():
    tree = ast.parse("raise MissingError('no_key', 'text')\nFinding(code='nan_values')\nraise ValueError('a text')")
    assert codes_in(tree) == {"no_key", "nan_values"}


def links() -> list[tuple[str, str]]:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")]
    found = [(page, target) for page in pages for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))]
    return [(str(page.relative_to(ROOT)), target) for page, target in found if "://" not in target]


@pytest.mark.parametrize(("page", "target"), links())
def test_links_within_the_tree_lead_somewhere(page, target):
    assert (ROOT / page).parent.joinpath(target).exists()
