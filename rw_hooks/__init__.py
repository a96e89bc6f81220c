"""A trained ``.safetensors`` file becomes a ready-to-use Runware model.

Three ways in: :func:`publish` and the ``rw-hooks`` command after a training, :class:`PublishHook` and the callbacks of
``rw_hooks_integrations`` inside a training loop. Importing this package is cheap: names are loaded when first used.
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
