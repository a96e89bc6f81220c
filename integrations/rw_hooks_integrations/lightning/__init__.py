"""Lightning (Apache-2.0); not imported by the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rw_hooks_integrations.lazy import load

if TYPE_CHECKING:
    from rw_hooks_integrations.lightning.callback import RunwareCallback

__all__ = ["RunwareCallback"]

_HOMES = {"RunwareCallback": "callback"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type of a lazily loaded name is its own
    return load(__name__, name, _HOMES, "Lightning: pip install lightning")
