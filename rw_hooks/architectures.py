"""Families of base models, and the architectures that Runware knows for each.

A family is what structure can show; its architectures are Runware's wire values (``modelUpload`` and ``modelSearch``,
2026-11). Several architectures may share one structure: nothing in a LoRA tells Pony from SDXL.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["ARCHITECTURES", "FAMILY_OF", "architecture_warning", "architectures", "plain"]


class _Family(NamedTuple):
    """A family that the platform knows.

    Attributes:
        plain: The architecture of a file that nothing calls by another name; None where there is no such default.
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
"""The list of the model upload page of 2025-10. The platform adds names without telling (FLUX.2, Z-Image and Krea 2 run
there, and no source names their values), so an unknown name is a warning and never a refusal."""

FAMILY_OF = {member: name for name in ("sd1", "sdxl", "sd3", "flux1", "hidream", "qwen_image")
             for member in _FAMILIES[name].members}  # fmt: skip


def architectures(families: Iterable[str]) -> tuple[str, ...]:
    """Return every architecture that the platform knows for any of the families."""
    known = (_FAMILIES[family].members for family in families if family in _FAMILIES)
    return tuple(dict.fromkeys(member for members in known for member in members))


def plain(family: str) -> str | None:
    """Return the family's plain architecture, or None where it has none that the platform knows."""
    return _FAMILIES[family].plain if family in _FAMILIES else None


def architecture_warning(name: str) -> str | None:
    """Return what a person should know about an architecture's name, or None when it is a known one."""
    if name in ARCHITECTURES:
        return None
    near = difflib.get_close_matches(name.lower(), ARCHITECTURES, n=3)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"architecture {name!r} is not one of Runware's known names{meant}"
