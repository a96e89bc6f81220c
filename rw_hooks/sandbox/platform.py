"""The platform behind both transports: takes one task, hands back frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from threading import Lock
from uuid import UUID

from rw_hooks.sandbox.account import account_details, search_models
from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.media import Media, infer_image
from rw_hooks.sandbox.rules import problems_of
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.uploads import Uploads, is_terminal
from rw_hooks.sandbox.wire import Deliver, Frame, Item, Problem, RefusalError, Task, text_of
from rw_hooks.sandbox.world import World

__all__ = ["Platform", "invalid_key"]


class Platform:
    """One account on the platform.

    Args:
        settings: What it accepts and says.
        faults: What goes wrong.
        world: Where everything is recorded.
        uploads: Does the uploads.
        media: Keeps images.
    """

    def __init__(self, settings: SandboxSettings, faults: Faults, world: World, uploads: Uploads, media: Media) -> None:
        self._settings = settings
        self._faults = faults
        self._world = world
        self._uploads = uploads
        self._media = media
        self._lock = Lock()
        self._seen: set[str] = set()
        self._archive: dict[str, tuple[Task, Item]] = {}
        self._free_ids = count(1)
        self._answers: Mapping[str, Callable[[Task], Item]] = {
            "getResponse": self._get_response,
            "getTaskDetails": self._task_details,
            "modelSearch": lambda task: search_models(task, self._settings, self._faults, self._world),
            "accountManagement": lambda task: account_details(task, self._settings, self._faults),
            "mediaStorage": self._media.store,
            "imageUpload": self._media.upload_image,
            "imageInference": lambda task: infer_image(task, self._settings, self._world, self._media),
        }

    def handle(self, task: Task, deliver: Deliver) -> bool:
        """Do one task. Frames come through ``deliver``: at once, and for an upload later too, from other threads.

        Returns:
            Whether any frame comes at all; the faults may have it otherwise.
        """
        self._world.requested(task)
        try:
            return self._do(task, deliver)
        except RefusalError as refusal:
            frame = refusal.as_frame(task)
            self._keep(task, {"errors": list(frame.errors)})
            deliver(frame)
            return True

    def _do(self, task: Task, deliver: Deliver) -> bool:
        kind = text_of(task, "taskType")
        if kind == "ping":
            deliver(Frame({"taskType": "ping", "pong": True}))
            return True
        _require_uuid(task)
        if kind == "modelUpload":
            return self._upload(task, deliver)
        if kind not in self._answers:
            raise RefusalError(_unknown_task(kind, self._answers))
        item = {"taskType": kind, "taskUUID": task["taskUUID"], **self._answers[kind](task)}
        self._keep(task, {"data": [item]})
        deliver(Frame(item))
        return True

    def _upload(self, task: Task, deliver: Deliver) -> bool:
        if self._faults.never_answer == "uploads":
            return False
        problems = problems_of(task, self._settings) or self._account_problems(task)
        if problems:
            raise RefusalError(*problems)
        air = text_of(task, "air") or self._free_air()
        uid = text_of(task, "uniqueIdentifier") or text_of(task, "downloadURL")
        with self._lock:
            if text_of(task, "taskUUID") in self._seen:
                raise RefusalError(Problem("conflictTaskUUID", "This taskUUID was used before.", "taskUUID"))
            self._seen.add(text_of(task, "taskUUID"))
        self._keep(task, {})
        swallowed = self._faults.take("swallow_acks")
        self._uploads.start(task, air, uid, _nobody if swallowed else deliver)
        return not swallowed

    def _account_problems(self, task: Task) -> list[Problem]:
        if self._settings.balance <= 0:
            return [Problem("insufficientCredits", "A positive credit balance is required to upload models.")]
        model = self._world.models.get(text_of(task, "air"))
        if model is None or model.failed:
            return []
        return [
            Problem(f"invalid{name.capitalize()}", f"The {name} of a model cannot be changed.", name)
            for name in ("category", "type")
            if task.get(name) != model.fields.get(name)
        ]

    def _free_air(self) -> str:
        used = self._world.models
        airs = (f"{self._settings.air_source}:{number}@1" for number in self._free_ids)
        return next(air for air in airs if air not in used)

    def _get_response(self, task: Task) -> Item:
        items = self._uploads.statuses(text_of(task, "taskUUID"))
        if items is None:
            raise RefusalError(Problem("taskFailedOrNotFound", "There is no such task.", "taskUUID"))
        upload: Item = {"taskType": "modelUpload"}
        last = items[-1] if items else {}
        status = str(last.get("status", ""))
        if is_terminal(status) and status != "ready":
            return {**upload, "status": "error", "error": {"code": "taskFailed", "message": last["message"]}}
        if status == "ready" and not self._settings.stuck:
            return {**last, "status": "success"}
        return {**upload, "status": "processing"}

    def _task_details(self, task: Task) -> Item:
        with self._lock:
            kept = self._archive.get(text_of(task, "taskUUID"))
        if kept is None:
            raise RefusalError(Problem("taskNotFound", "There is no such task.", "taskUUID"))
        request, response = kept
        items = self._uploads.statuses(text_of(task, "taskUUID"))
        return {"request": [dict(request)], "response": {"data": items} if items else response}

    def _keep(self, task: Task, response: Item) -> None:
        """Archive a task for ``getTaskDetails``; asking about a task is no task of its own."""
        if text_of(task, "taskType") in {"getResponse", "getTaskDetails"}:
            return
        with self._lock:
            self._archive.setdefault(text_of(task, "taskUUID"), (task, response))


def invalid_key() -> Frame:
    """Return the answer to a wrong or missing API key."""
    problem = Problem("invalidApiKey", "Invalid API key.", "apiKey", {"type": "string"})
    return RefusalError(problem).as_frame({"taskType": "authentication"})


def _require_uuid(task: Task) -> None:
    text = text_of(task, "taskUUID")
    try:
        valid = UUID(text).version == 4  # noqa: PLR2004 - UUID v4 is the format's name
    except ValueError:
        valid = False
    if not valid:
        raise RefusalError(
            Problem("invalidTaskUUID", "The taskUUID must be a UUID v4.", "taskUUID", {"type": "string"})
        )


def _unknown_task(kind: str, known: Mapping[str, object]) -> Problem:
    allowed = sorted({*known, "modelUpload", "ping", "authentication"})
    return Problem("invalidTaskType", f"Unknown taskType '{kind}'.", "taskType", {"allowedValues": allowed})


def _nobody(_frame: Frame) -> None:
    """Take a frame to where nobody reads it."""
