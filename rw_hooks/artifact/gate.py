"""The last gate: the installed safetensors library opens the file, or it is not published.

Our own rules are at least as strict as those of safetensors 0.8.0, so this finds nothing where that version is
installed; an older library may not know a dtype that the format has since gained, which is no fault of the file.
"""

from __future__ import annotations

from pathlib import Path

from rw_hooks.artifact.model import Finding

__all__ = ["last_gate"]


def last_gate(path: Path) -> tuple[Finding, ...]:
    """Return what the installed library has against the file."""
    import safetensors

    try:
        with safetensors.safe_open(path, framework="np"):
            return ()
    except Exception as error:  # noqa: BLE001 - the library's errors have no common class over its versions
        text = str(error)
    if "unknown variant" in text:
        message = f"the installed safetensors {safetensors.__version__} is too old for a dtype in this file"
        return (Finding(code="dtype_not_readable_here", severity="warning", message=message),)
    message = f"the installed safetensors {safetensors.__version__} refuses the file: {text}"
    return (Finding(code="library_refuses", severity="error", message=message),)
