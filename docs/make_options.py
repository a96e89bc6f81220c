"""Write options.md from the table of options. Run it after a change of the table; a test holds the page to it."""

from __future__ import annotations

from pathlib import Path

from rw_hooks.config.options import OPTIONS, Option

PAGE = Path(__file__).with_name("options.md")
HEAD = """\
# Options

These are the options of `publish`, `explain`, `update` and `doctor`, and of `rw_hooks.publish()` in Python. Each option
has the same name everywhere:

| where | how you write it |
|---|---|
| command line | `--trigger-words "mystyle"` |
| environment | `RW_HOOKS_TRIGGER_WORDS=mystyle` |
| `rw-hooks.toml` | `trigger_words = ["mystyle"]` |
| Python | `trigger_words=["mystyle"]` |

## Which value is used

If several places give a value, the first one in this list is used:

1. a command-line flag, or an argument in Python;
2. the environment;
3. `rw-hooks.toml` in the working directory or in a folder above it;
4. the trainer's own config;
5. the metadata in the file;
6. the structure of the file (the names and shapes of its tensors);
7. the default of Runware.

The order is different for category, type, family, architecture and rank. Your own value (1 to 3) still comes first.
After it comes the structure of the file. The trainer's config and the metadata are used only if the structure allows
more than one value. Then they choose one of these values.

## How to write values

A list is `"a, b"`, a flag that you repeat, or a list in TOML and Python. An on-off flag also has a `--no-` form. If a
value is out of its bounds, the command ends with exit code 2 before anything is sent.

Keys and tokens are not options. Set `RUNWARE_API_KEY` and `HF_TOKEN` in the environment. rw-hooks also reads
`RUNWARE_API_URL`, `RUNWARE_WS_URL`, `HF_ENDPOINT`, `HF_HUB_DISABLE_XET`, `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`,
`NO_COLOR`, `RW_HOOKS_HOME` (the state folder, which holds the journal) and `RW_HOOKS_LOG_LEVEL`.

`docs/make_options.py` generates this page from the table in `rw_hooks/config/options.py`.
"""


def page() -> str:
    """Return the page's text."""
    sent = [_row(entry, f"`{entry.wire}`") for entry in OPTIONS.values() if entry.wire]
    done = [_row(entry) for entry in OPTIONS.values() if not entry.wire]
    return "\n".join([
        HEAD,
        "## What is sent",
        "",
        *_table("option", "request field", "what it is", "default", rows=sent),
        "",
        "## How it is done",
        "",
        *_table("option", "what it is", "default", rows=done),
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
