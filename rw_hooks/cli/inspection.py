"""Printing an inspection: what the file is, whether it is sound, and its warnings."""

from __future__ import annotations

from collections.abc import Iterable

from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.cli.show import clean, print_rows, terminal

__all__ = ["print_inspection"]

_MARKS = {"error": ("error  ", "red"), "warning": ("warning", "yellow"), "info": ("note   ", "cyan")}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEP = 1000


def print_inspection(inspection: Inspection, *, explain: bool) -> None:
    """Print what the file is, whether it is sound, and its warnings; with ``explain``, also why."""
    out = terminal()
    out.print(clean(f"{inspection.path} ({_size(inspection.size)})"), style="bold")
    print_rows(row for row in _rows(inspection) if row[1])
    for finding in inspection.findings:
        mark, style = _MARKS[finding.severity]
        out.print(f"  {mark}  ", style=style, end="")
        out.print(clean(_told(finding)), soft_wrap=True)
    if explain:
        for reason in inspection.reasons:
            out.print(clean(f"  why      {reason}"), soft_wrap=True)
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
        return "not a model that Runware accepts"
    return " ".join(filter(None, (inspection.category, inspection.type and f"({inspection.type})")))


def _sound(inspection: Inspection) -> str:
    if not inspection.valid:
        return "no"
    return "yes" if inspection.sha256 else "the header is sound; the weights were not read"


def _base(inspection: Inspection) -> str:
    if inspection.architecture:
        return inspection.architecture
    if inspection.category in {None, "other"}:
        return ""
    family = inspection.family or "cannot tell"
    if not inspection.candidates:
        return f"{family}, for which Runware has no known architecture" if inspection.family else family
    return f"{family}: one of {', '.join(inspection.candidates)}; give it with --architecture"


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
