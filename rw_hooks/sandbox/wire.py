"""The words of the wire: tasks in, items and errors out.

A request is a JSON array of *tasks*; a reply is a frame ``{"data": [items]}`` or ``{"errors": [errors]}``. Shapes are
those of Runware's documentation and official clients of 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

__all__ = [
    "PHASES",
    "Deliver",
    "Frame",
    "Item",
    "Phase",
    "Problem",
    "RefusalError",
    "Task",
    "list_of",
    "tasks_of",
    "text_of",
]

Task = Mapping[str, object]
Item = dict[str, object]

Phase = Literal["validated", "downloaded", "optimized", "stored", "ready"]
PHASES: tuple[Phase, ...] = ("validated", "downloaded", "optimized", "stored", "ready")


@dataclass(frozen=True)
class Frame:
    """One answer before it goes over the wire: an item, or errors."""

    item: Item | None = None
    errors: tuple[Item, ...] = ()

    @property
    def status(self) -> str:
        """The status that an upload's frame tells; empty for all other frames."""
        item = self.item or {}
        return text_of(item, "status") if item.get("taskType") == "modelUpload" else ""

    @property
    def task_uuid(self) -> str:
        """The task that the item answers."""
        return text_of(self.item or {}, "taskUUID")


Deliver = Callable[[Frame], None]
"""Hands a frame to whoever asked: a WebSocket session, or the reply of one REST call."""


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

    def as_frame(self, task: Task) -> Frame:
        """Return the errors, each with the task's type and UUID where it has them."""
        of_task = {name: task[name] for name in ("taskType", "taskUUID") if name in task}
        return Frame(errors=tuple({**problem.as_item(), **of_task} for problem in self.problems))


def tasks_of(body: str | bytes) -> list[Task]:
    """Return the tasks of a request.

    Raises:
        RefusalError: It is no JSON array of objects.
    """
    try:
        parsed: object = json.loads(body)
    except ValueError as error:
        raise RefusalError(Problem("invalidJSON", f"The request is not JSON: {error}")) from error
    tasks = list_of(parsed)
    if not isinstance(parsed, list) or not all(isinstance(task, dict) for task in tasks):
        raise RefusalError(Problem("invalidRequest", "The request must be an array of task objects."))
    return cast("list[Task]", tasks)


def text_of(task: Task, name: str) -> str:
    """Return a text field, or an empty text when it is absent or something else."""
    value = task.get(name)
    return value if isinstance(value, str) else ""


def list_of(value: object) -> list[object]:
    """Return a JSON array's values; nothing when it is something else."""
    return cast("list[object]", value) if isinstance(value, list) else []
