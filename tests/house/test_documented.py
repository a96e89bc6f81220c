"""The manual names everything that scripts and people rely on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rw_hooks import errors
from rw_hooks.cli.commands import COMMANDS, overview
from rw_hooks.errors import EXIT_CODES, RwHooksError

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


def exit_codes_of_the_classes() -> dict[int, str]:
    """Return the exit codes that the classes of errors and the names of the module say, each with its meaning."""
    kinds = [RwHooksError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    by_class = {(kind.exit_code, kind.means) for kind in kinds}
    assert len(by_class) == len(dict(by_class)), "one exit code has two meanings"
    named = {getattr(errors, name) for name in vars(errors) if name.startswith("EXIT_") and name != "EXIT_CODES"}
    assert {code for code, _ in EXIT_CODES} == named | {code for code, _ in by_class}
    return dict(by_class)


def exit_codes_in(page: str) -> list[tuple[int, str]]:
    """Return the rows of a page's table of exit codes."""
    table = read(page).partition("| exit code | means |")[2].partition("\n\n")[0]
    rows = [[cell.strip().replace("`", "'") for cell in line.split("|")] for line in table.splitlines()[2:]]
    return [(int(cells[1]), cells[2]) for cells in rows]


def test_every_exit_code_means_the_same_in_the_code_the_help_the_readme_and_the_manual():
    assert len(EXIT_CODES) == len(dict(EXIT_CODES))
    assert exit_codes_of_the_classes().items() <= dict(EXIT_CODES).items()
    assert exit_codes_in("README.md") == list(EXIT_CODES)
    assert exit_codes_in("docs/errors.md") == list(EXIT_CODES)
    shown = overview().partition("exit codes")[2].splitlines()[1:]
    assert shown == [f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES]


def test_the_manual_names_the_class_of_each_exit_code():
    table = read("docs/errors.md").partition("| exit code | means |")[2].partition("\n\n")[0]
    named = {int(line.split("|")[1]): line.split("|")[3].strip() for line in table.splitlines()[2:]}
    kinds = [RwHooksError, *RwHooksError.__subclasses__()]
    assert named == {**dict.fromkeys(dict(EXIT_CODES), ""), 130: "`KeyboardInterrupt`",
                     **{kind.exit_code: f"`{kind.__name__}`" for kind in kinds}}  # fmt: skip


def test_nothing_but_a_bug_of_ours_ends_with_1():
    raised = [
        (path.relative_to(ROOT).as_posix(), call.args[0].value)
        for path in (ROOT / "rw_hooks").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "RwHooksError"
        if isinstance(call.args[0], ast.Constant)
    ]
    assert {code for _, code in raised} == {"internal_error"}, raised
    bugs = [kind.__name__ for kind in RwHooksError.__subclasses__() if kind.exit_code == errors.EXIT_BUG]
    assert bugs == []


def test_every_code_of_an_error_or_finding_is_in_the_manual():
    manual = read("docs/errors.md")
    assert [code for code in sorted(all_codes()) if f"`{code}`" not in manual] == []


def raised_with(tree: ast.AST) -> set[tuple[str, int]]:
    """Return the codes that calls give to a class of errors, each with the class's exit code."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    named = [(call.args[0], getattr(errors, call.func.id, None)) for call in calls if isinstance(call.func, ast.Name)]
    return {
        (code.value, kind.exit_code)
        for code, kind in named
        if isinstance(code, ast.Constant) and isinstance(kind, type) and issubclass(kind, RwHooksError)
    }


def test_every_code_of_an_error_stands_under_its_exit_code():
    sections = re.split(r"^## (?=\d)", read("docs/errors.md"), flags=re.MULTILINE)[1:]
    sections[-1] = sections[-1].partition("\n## ")[0]
    told = {(code, int(text[0])) for text in sections for code in re.findall(r"`(\w+)`", text)}
    sources = (ROOT / "rw_hooks").rglob("*.py")
    raised = set().union(*(raised_with(ast.parse(path.read_text(encoding="utf-8"))) for path in sources))
    assert ("no_api_key", 4) in raised
    assert sorted(raised - told) == []


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
