"""The architecture names that the platform is known to take, to catch typing errors.

The list is that of the model upload page of 2025-10. The platform adds names without telling (FLUX.2, Z-Image and
Krea 2 run there, and no source names their values), so an unknown name is a warning and never a refusal.
"""

from __future__ import annotations

import difflib

__all__ = ["KNOWN_ARCHITECTURES", "architecture_warning"]

KNOWN_ARCHITECTURES = (
    "flux1s", "flux1d", "fluxkontextdev", "hidreamdev", "hidreamfull", "qwen_image", "sd1x", "sdhyper", "sd1xlcm",
    "sdxl", "sdxllcm", "sdxldistilled", "sdxlhyper", "sdxllightning", "sdxlturbo", "sd3", "pony", "illustrious",
)  # fmt: skip


def architecture_warning(name: str) -> str | None:
    """Return what a person should know about an architecture's name, or None when it is a known one."""
    if name in KNOWN_ARCHITECTURES:
        return None
    near = difflib.get_close_matches(name.lower(), KNOWN_ARCHITECTURES, n=3)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"architecture {name!r} is none of the names that Runware is known to take{meant}"
