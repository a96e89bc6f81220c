"""The last gate: the installed safetensors library opens the file, or it is not published.

Our own rules are at least as strict as those of safetensors 0.8.0, so this finds nothing where that version is
installed; an older library may not know a dtype that the format has since gained, which is no fault of the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rw_hooks.artifact.model import Finding

__all__ = ["last_gate"]

# Not among the dtypes of safetensors 0.4.5, the oldest version that is supported.
_NEWER_DTYPES = frozenset({"F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"})


def last_gate(path: Path, dtypes: Iterable[str]) -> tuple[Finding, ...]:
    """Return what the installed library has against a file of these dtypes."""
    import safetensors

    try:
        with safetensors.safe_open(path, framework="np"):
            return ()
    except Exception as error:  # noqa: BLE001 - the library's errors have no common class over its versions
        refusal = f"the installed safetensors {safetensors.__version__} refuses the file: {error}"
    newer = sorted(_NEWER_DTYPES.intersection(dtypes))
    if newer:
        message = f"{refusal}; it may be too old for {', '.join(newer)}"
        return (Finding(code="dtype_not_readable_here", severity="warning", message=message),)
    return (Finding(code="library_refuses", severity="error", message=refusal),)
