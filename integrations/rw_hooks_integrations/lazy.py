"""Loading what needs a trainer only when it is used, and saying what to install where the trainer is missing."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["load"]


def load(package: str, name: str, homes: dict[str, str], needs: str) -> Any:  # noqa: ANN401 - the type of a lazily loaded name is its own
    """Return a name of an integration.

    Args:
        package: The integration's package.
        name: What is asked for.
        homes: The module of each name.
        needs: What has to be installed, as one would tell a person.

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
