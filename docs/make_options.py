"""Write options.md from the table of options. Run it after a change of the table; a test holds the page to it."""

from __future__ import annotations

from pathlib import Path

from rw_hooks.config.options import OPTIONS, Option

PAGE = Path(__file__).with_name("options.md")
HEAD = """\
# Options

Options of `publish`, `explain`, `update` and `doctor`, and of `rw_hooks.publish()` in Python. Each has one name
everywhere:

| where | written as |
|---|---|
| command line | `--trigger-words "mystyle"` |
| environment | `RW_HOOKS_TRIGGER_WORDS=mystyle` |
| `rw-hooks.toml` | `trigger_words = ["mystyle"]` |
| Python | `trigger_words=["mystyle"]` |

Strongest first: an explicit argument or flag; the environment; `rw-hooks.toml` in the working directory or a folder
above it; the trainer's own config; what the file claims; what the file's structure shows; the platform's default. What
a model *is* (category, type, family, architecture, rank) goes another way after the explicit word: structure first, and
claims and config may only choose among what structure leaves open.

Lists are given as `"a, b"`, by repeating the flag, or as a list in TOML and Python. A flag that is on or off has a
`--no-` form. A value out of its bounds is refused before anything is sent (exit code 2).

Keys and tokens are not options: set `RUNWARE_API_KEY` and `HF_TOKEN`. Also honoured: `RUNWARE_API_URL`,
`RUNWARE_WS_URL`, `HF_ENDPOINT`, `HF_HUB_DISABLE_XET`, `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `NO_COLOR`,
`RW_HOOKS_HOME` (where the journal lies) and `RW_HOOKS_LOG_LEVEL`.

This page is made by `docs/make_options.py` from the table in `rw_hooks/config/options.py`.
"""


def page() -> str:
    """Return the page's text."""
    sent = [_row(entry, f"`{entry.wire}`") for entry in OPTIONS.values() if entry.wire]
    done = [_row(entry) for entry in OPTIONS.values() if not entry.wire]
    return "\n".join([
        HEAD,
        "## What is sent",
        "",
        *_table("option", "request field", "what it is", "when nobody says", rows=sent),
        "",
        "## How it is done",
        "",
        *_table("option", "what it is", "when nobody says", rows=done),
        "",
    ])  # fmt: skip


def _table(*columns: str, rows: list[str]) -> list[str]:
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows]


def _row(entry: Option, *extra: str) -> str:
    choices = f" One of: {', '.join(f'`{choice}`' for choice in entry.choices)}." if entry.choices else ""
    only = f" Only for: {', '.join(entry.categories)}." if entry.categories else ""
    cells = (f"`{entry.flag}`", *extra, entry.help + choices + only, entry.default)
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
