"""The words of the wire: tasks in, items and errors out.

A request is an array of *tasks*; a reply is a frame ``{"data": [items]}`` or ``{"errors": [errors]}``. Shapes are
those of Runware's documentation and official clients of 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["PHASES", "Deliver", "Frame", "Item", "Phase", "Problem", "RefusalError", "Task", "text_of"]

Task = Mapping[str, object]
Item = dict[str, object]
Frame = dict[str, object]
Deliver = Callable[[Frame], None]
"""Hands a frame to whoever asked: a WebSocket session, or the reply of one REST call."""

Phase = Literal["validated", "downloaded", "optimized", "stored", "ready"]
PHASES: tuple[Phase, ...] = ("validated", "downloaded", "optimized", "stored", "ready")


@dataclass(frozen=True)
class Problem:
    """One error object.

    Attributes:
        code: Runware's error code.
        message: For people.
        parameter: The field it is about, or several.
        more: Further keys: ``allowedValues``, ``min``, ``max``, ``type``.
    """

    code: str
    message: str
    parameter: str | tuple[str, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict[str, object])

    def as_item(self) -> Item:
        """Return the object as it goes over the wire, without task keys."""
        item: Item = {"code": self.code, "message": self.message}
        if self.parameter:
            item["parameter"] = self.parameter if isinstance(self.parameter, str) else list(self.parameter)
        return {**item, **self.more}


class RefusalError(Exception):
    """A task is refused, for one reason or several."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def text_of(task: Task, name: str) -> str:
    """Return a text field, or an empty text when it is absent or something else."""
    value = task.get(name)
    return value if isinstance(value, str) else ""
