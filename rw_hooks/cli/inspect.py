"""``rw-hooks inspect``: what a file is, whether it is sound, and what to mind, in five seconds of reading."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.artifact.inspecting import inspect as read
from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.artifact.refusal import require_publishable
from rw_hooks.cli.flags import AsJson
from rw_hooks.cli.show import clean, print_rows, say_error, terminal
from rw_hooks.errors import ArtifactError, RwHooksError, UsageError

__all__ = ["inspect"]

_HIDDEN = {"reasons", "data_sha256", "blake3"}
_MARKS = {"error": ("bad ", "red"), "warning": ("mind", "yellow"), "info": ("note", "cyan")}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEP = 1000


def inspect(
    *paths: Path,
    header_only: Annotated[bool, Parameter(negative="")] = False,
    as_json: AsJson = False,
    explain: Annotated[bool, Parameter(negative="")] = False,
    blake3: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show what .safetensors files are and whether they are sound.

    Args:
        paths: Files, or folders whose .safetensors files are meant.
        header_only: Read only the header: at once at any size, but no hashes and nothing about the numbers.
        as_json: Print one JSON object a line instead.
        explain: Say which facts decided.
        blake3: Compute that hash too.
    """
    if not paths:
        raise UsageError("no_file", "no file was given", hint="rw-hooks inspect FILE...")
    codes = [_one(path, header_only, as_json, explain, blake3) for path in _files(paths)]
    return next((code for code in codes if code), 0)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    """Put a folder's files in its place; a folder without any is left to be refused."""
    for path in paths:
        inside = sorted(path.glob("*.safetensors")) if path.is_dir() else []
        yield from inside or [path]


def _one(path: Path, header_only: bool, as_json: bool, explain: bool, blake3: bool) -> int:
    try:
        inspection = read(path, header_only=header_only, blake3=blake3)
    except RwHooksError as error:
        say_error(error)
        return error.exit_code
    if as_json:
        print(_json_line(inspection, explain=explain))  # noqa: T201 - the output itself
    else:
        _show(inspection, explain=explain)
    try:
        require_publishable(inspection)
    except ArtifactError as error:
        return error.exit_code
    return 0


def _json_line(inspection: Inspection, *, explain: bool) -> str:
    hidden = _HIDDEN - ({"reasons"} if explain else set()) - ({"blake3"} if inspection.blake3 else set())
    shown = inspection.model_dump(mode="json", exclude=hidden)
    return json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace").decode()


def _show(inspection: Inspection, *, explain: bool) -> None:
    out = terminal()
    out.print(clean(f"{inspection.path} ({_size(inspection.size)})"), style="bold")
    print_rows(row for row in _rows(inspection) if row[1])
    for finding in inspection.findings:
        mark, style = _MARKS[finding.severity]
        out.print(f"  {mark}  ", style=style, end="")
        out.print(clean(_told(finding)), soft_wrap=True)
    if explain:
        for reason in inspection.reasons:
            out.print(clean(f"  why   {reason}"), soft_wrap=True)
    out.print()


def _rows(inspection: Inspection) -> Iterable[tuple[str, str]]:
    yield "  what", _what(inspection)
    yield "  sound", _sound(inspection)
    yield "  base", _base(inspection)
    yield "  keys", _keys(inspection)
    yield "  tensors", _tensors(inspection)
    claims = inspection.claims
    yield "  trigger", ", ".join(claims.trigger_words)
    yield "  trainer", " ".join(filter(None, (claims.trainer, claims.trainer_version)))
    yield "  sha256", inspection.sha256 or ""
    yield "  short", _short_hashes(inspection)


def _what(inspection: Inspection) -> str:
    if inspection.category is None:
        return "cannot tell" if inspection.tensors else "not a safetensors file"
    if inspection.category == "other":
        return "no model that can be uploaded"
    return " ".join(filter(None, (inspection.category, inspection.type and f"({inspection.type})")))


def _sound(inspection: Inspection) -> str:
    if not inspection.valid:
        return "no"
    return "yes" if inspection.sha256 else "the header is; the contents were not read"


def _base(inspection: Inspection) -> str:
    if inspection.architecture:
        return inspection.architecture
    if inspection.category in {None, "other"}:
        return ""
    family = inspection.family or "cannot tell"
    if not inspection.candidates:
        return f"{family}; the platform has no architecture for it that we know" if inspection.family else family
    return f"{family}: one of {', '.join(inspection.candidates)}; say which with --architecture"


def _keys(inspection: Inspection) -> str:
    rank = f"rank {inspection.rank}" if inspection.rank else ""
    alpha = f"alpha {inspection.alpha:g}" if inspection.alpha is not None else ""
    return ", ".join(filter(None, (inspection.algorithm, inspection.format, rank, alpha)))


def _tensors(inspection: Inspection) -> str:
    if not inspection.tensors:
        return ""
    kinds = ", ".join(f"{count} {dtype}" for dtype, count in inspection.dtypes.items())
    return f"{inspection.tensors} ({kinds}), {inspection.parameters:,} parameters"


def _short_hashes(inspection: Inspection) -> str:
    named = (("AutoV2", inspection.autov2), ("AutoV3", inspection.autov3), ("BLAKE3", inspection.blake3))
    return ", ".join(f"{name} {value}" for name, value in named if value)


def _told(finding: Finding) -> str:
    shown = ", ".join(finding.tensors[:3])
    return f"{finding.message}" + (f" ({shown}{', ...' if len(finding.tensors) > 3 else ''})" if shown else "")  # noqa: PLR2004


def _size(size: int) -> str:
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"
