"""The journey of a publication: inbox, journal, stages, engine, receipt.

Importing this package loads nothing: a hook needs :mod:`rw_hooks.publish.inbox` alone, which keeps to the standard
library. Python makes the package an attribute of :mod:`rw_hooks` under the name of the public function, so the package
can be called as that function: ``rw_hooks.publish(path, **options)``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rw_hooks.publish.publication import Publication


class _Callable(ModuleType):
    def __call__(self, path: str | Path, **options: Any) -> Publication:  # noqa: ANN401 - as api.publish
        """Publish one file; see :func:`rw_hooks.publish.api.publish`."""
        from rw_hooks.publish.api import publish

        return publish(path, **options)


sys.modules[__name__].__class__ = _Callable
