"""The manual names everything that scripts and people rely on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rw_hooks.cli.commands import COMMANDS, EXIT_CODES

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+|[a-z]{5,}")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def codes_in(tree: ast.AST) -> set[str]:
    """Return the codes that a module gives to errors (beside or in a call of an error class) and to findings."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [argument for node in calls if names_an_error(node) for argument in node.args[:2]]
    given += [entry.value for node in calls for entry in node.keywords if entry.arg == "code"]
    words = {node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {word for word in words - {"error", "warning"} if CODE.fullmatch(word)}


def names_an_error(call: ast.Call) -> bool:
    """Whether the call is of a public error class or a maker of errors and findings, or has such a class beside it."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in {"warn", "_differs"}
    names = [node.id for node in (call.func, *call.args) if isinstance(node, ast.Name)]
    return any(name in {"_finding", "_kind"} or re.fullmatch("[A-Z].*Error", name) for name in names)


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


def test_every_code_of_an_error_or_finding_is_in_the_manual():
    manual = read("docs/errors.md")
    assert [code for code in sorted(all_codes()) if f"`{code}`" not in manual] == []


def test_codes_of_errors_and_findings_are_found():
    tree = ast.parse(
        "raise MissingError('no_key', 'text')\nFinding(code='nan_values')\nraise ValueError('a text')\n"
        "draft.warn('value_cut', 'text')\n_Kind('rate_limited', UnreachableError, 'later')"
    )
    assert codes_in(tree) == {"no_key", "nan_values", "value_cut", "rate_limited"}


def test_links_within_the_tree_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))]
    inside = [(page, link) for page, link in links if "://" not in link]
    assert inside
    assert [(page.name, link) for page, link in inside if not (page.parent / link).exists()] == []
