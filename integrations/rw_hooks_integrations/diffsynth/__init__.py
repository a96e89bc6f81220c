"""modelscope/DiffSynth-Studio (Apache-2.0); nothing of it is imported by its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rw_hooks_integrations.lazy import load

if TYPE_CHECKING:
    from rw_hooks_integrations.diffsynth.callback import RunwareLogger

__all__ = ["RunwareLogger"]

_HOMES = {"RunwareLogger": "callback"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type of a lazily loaded name is its own
    return load(__name__, name, _HOMES, "DiffSynth-Studio: pip install diffsynth")
