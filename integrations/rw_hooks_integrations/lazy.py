"""Importing names that need a trainer only when they are used, and saying what to install if it is missing."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["load"]


def load(package: str, name: str, homes: dict[str, str], needs: str) -> Any:  # noqa: ANN401 - the type of a lazily loaded name is its own
    """Return a name of an integration.

    Args:
        package: The integration's package.
        name: The requested name.
        homes: The module of each name.
        needs: What must be installed, in words.

    Raises:
        AttributeError: There is no such name.
        ImportError: The trainer is not installed.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{package}.{homes[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"rw_hooks", "rw_hooks_integrations"}:
            raise
        raise ImportError(f"{package}.{name} needs {needs} (there is no module named {error.name!r})") from None
    return getattr(module, name)
