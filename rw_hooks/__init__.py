"""Publish trained ``.safetensors`` files as ready-to-use Runware models.

Use :func:`publish` or the ``rw-hooks`` command after a training. Use :class:`PublishHook`, :func:`publishing` or a
callback of ``rw_hooks_integrations`` inside a training loop. Importing this package is fast, because each name is
loaded when it is first used.

The public names are those of ``__all__``. The packages ``facts``, ``integration``, ``hosts``, ``hook``, ``engines``,
``publication``, ``testing`` and ``sandbox`` say in their docstrings what third parties may use. Everything else may
change in any release.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rw_hooks.api.publish import publish
    from rw_hooks.artifact import inspect
    from rw_hooks.errors import (
        ArtifactError,
        MissingError,
        RefusedError,
        RwHooksError,
        UnreachableError,
        UsageError,
    )
    from rw_hooks.hook import PublishHook, publishing
    from rw_hooks.publication.model import Publication

__version__ = "0.1.0"

_HOMES = {
    "ArtifactError": "rw_hooks.errors",
    "MissingError": "rw_hooks.errors",
    "Publication": "rw_hooks.publication.model",
    "PublishHook": "rw_hooks.hook",
    "RefusedError": "rw_hooks.errors",
    "RwHooksError": "rw_hooks.errors",
    "UnreachableError": "rw_hooks.errors",
    "UsageError": "rw_hooks.errors",
    "inspect": "rw_hooks.artifact",
    "publish": "rw_hooks.api.publish",
    "publishing": "rw_hooks.hook",
}

__all__ = [
    "ArtifactError",
    "MissingError",
    "Publication",
    "PublishHook",
    "RefusedError",
    "RwHooksError",
    "UnreachableError",
    "UsageError",
    "__version__",
    "inspect",
    "publish",
    "publishing",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type of a lazily loaded name is its own
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rw_hooks' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
