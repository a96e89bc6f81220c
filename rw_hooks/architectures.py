"""Families of base models, and the architectures that Runware knows for each.

A family is what the structure of a file can show. Its architectures are the values of Runware's API (``modelUpload``
and ``modelSearch``, 2026-11). Several architectures may share one structure: nothing in a LoRA shows whether it was
made for Pony or for SDXL.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["ARCHITECTURES", "FAMILY_OF", "architecture_warning", "architectures", "plain"]


class _Family(NamedTuple):
    """A family that the platform knows.

    Attributes:
        plain: The architecture when nothing names a more specific one; None if the family has no such default.
        members: All architectures that share the family's structure.
    """

    plain: str | None
    members: tuple[str, ...]


_FAMILIES = {
    "sd1": _Family("sd1x", ("sd1x", "sd1xlcm", "sdhyper")),
    "sdxl": _Family(
        "sdxl",
        (
            "sdxl",
            "pony",
            "illustrious",
            "sdxlturbo",
            "sdxllightning",
            "sdxlhyper",
            "sdxllcm",
            "sdxldistilled",
        ),
    ),
    # SSD-1B and Vega are distilled from SDXL into fewer blocks.
    "ssd1b": _Family(None, ("sdxldistilled",)),
    "vega": _Family(None, ("sdxldistilled",)),
    "sd3": _Family("sd3", ("sd3",)),
    "flux1": _Family(None, ("flux1d", "flux1s", "fluxkontextdev")),
    "hidream": _Family(None, ("hidreamfull", "hidreamdev")),
    "qwen_image": _Family("qwen_image", ("qwen_image",)),
}

ARCHITECTURES = tuple(dict.fromkeys(member for family in _FAMILIES.values() for member in family.members))
"""The list of Runware's model upload page of 2025-10. Runware adds names without an announcement (it runs FLUX.2,
Z-Image and Krea 2, but no source says their values), so an unknown name is a warning and never an error."""

FAMILY_OF = {member: name for name in ("sd1", "sdxl", "sd3", "flux1", "hidream", "qwen_image")
             for member in _FAMILIES[name].members}  # fmt: skip


def architectures(families: Iterable[str]) -> tuple[str, ...]:
    """Return every known architecture of these families."""
    known = (_FAMILIES[family].members for family in families if family in _FAMILIES)
    return tuple(dict.fromkeys(member for members in known for member in members))


def plain(family: str) -> str | None:
    """Return the family's plain architecture, or None if it has none."""
    return _FAMILIES[family].plain if family in _FAMILIES else None


def architecture_warning(name: str) -> str | None:
    """Return a warning about an architecture's name, or None if the name is known."""
    if name in ARCHITECTURES:
        return None
    near = difflib.get_close_matches(name.lower(), ARCHITECTURES, n=3)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"architecture {name!r} is not one of Runware's known names{meant}"
