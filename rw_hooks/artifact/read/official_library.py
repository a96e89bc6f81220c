"""The last check: a file is published only if the installed safetensors library can open it.

Our own rules are at least as strict as those of safetensors 0.8.0, so this check finds nothing if that version is
installed. An older library may not know a newer dtype of the format, which is not an error of the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rw_hooks.artifact.model import Finding

__all__ = ["last_gate"]

# Not among the dtypes of safetensors 0.4.5, the oldest version that is supported.
_NEWER_DTYPES = frozenset({"F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"})


def last_gate(path: Path, dtypes: Iterable[str]) -> tuple[Finding, ...]:
    """Return the installed library's error for a file with these dtypes, if it has one."""
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
