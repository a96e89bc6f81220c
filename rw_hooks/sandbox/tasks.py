"""Reading a request: a JSON array of task objects."""

from __future__ import annotations

import json

from rw_hooks.sandbox.wire import Item, Problem, RefusalError, Task

__all__ = ["invalid_key", "tasks_of"]


def tasks_of(body: str | bytes) -> list[Task]:
    """Return the tasks of a request.

    Raises:
        RefusalError: It is no JSON array of objects.
    """
    try:
        tasks: object = json.loads(body)
    except ValueError as error:
        raise RefusalError(Problem("invalidJSON", f"The request is not JSON: {error}")) from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise RefusalError(Problem("invalidRequest", "The request must be an array of task objects."))
    return tasks


def invalid_key() -> Item:
    """Return the error for a wrong or missing API key."""
    problem = Problem("invalidApiKey", "Invalid API key.", "apiKey", {"type": "string"})
    return {**problem.as_item(), "taskType": "authentication"}
