"""An accepted upload on its way: download, open, hash, and a status after each phase.

The effects are real; only optimizing and storing are waiting. An upload runs in a thread of its own. The same AIR and
``uniqueIdentifier`` sent again while it runs follows it instead of starting another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, RLock, Thread
from uuid import uuid4

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.fetch import Fetched, FetchError, fetch, open_model
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.webhooks import post_webhook
from rw_hooks.sandbox.wire import PHASES, Deliver, Frame, Item, Phase, Task, text_of
from rw_hooks.sandbox.world import Download, Model, World

__all__ = ["Uploads", "is_terminal"]

_CLOSE_SECONDS = 2.0
_POLL_SECONDS = 0.02
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_MESSAGES: Mapping[str, str] = {
    "validated": "Model parameters and configuration validated.",
    "downloaded": "Model downloaded from provider.",
    "optimized": "Model optimized for deployment.",
    "stored": "Model uploaded to secure storage.",
    "ready": "Model successfully deployed and ready for use.",
}


def is_terminal(status: str) -> bool:
    """Whether no further status follows."""
    return status in {"ready", "failed"} or "error" in status


@dataclass(frozen=True)
class _Follower:
    """One task that is told of an upload's statuses."""

    task_uuid: str
    webhook_url: str
    deliver: Deliver


class _StoppedError(Exception):
    """The upload ends with a status other than ready."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Uploads:
    """All uploads of one sandbox.

    Args:
        settings: Delays and what is checked.
        faults: What goes wrong.
        world: Where results are recorded.
        folder: For files while they are looked at.
        announce: Called with each model that ended.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        faults: Faults,
        world: World,
        folder: Path,
        announce: Callable[[Model, str], None],
    ) -> None:
        self._settings = settings
        self._faults = faults
        self._world = world
        self._folder = folder
        self._announce = announce
        self._closing = Event()
        self._lock = RLock()
        self._running: dict[tuple[str, str], list[_Follower]] = {}
        self._stalled: set[tuple[str, str]] = set()
        self._statuses: dict[str, list[Item]] = {}
        self._threads: list[Thread] = []

    def start(self, task: Task, air: str, uid: str, deliver: Deliver) -> None:
        """Take an accepted upload on its way, or let it follow the one that is."""
        follower = _Follower(text_of(task, "taskUUID"), text_of(task, "webhookURL"), deliver)
        with self._lock:
            self._statuses[follower.task_uuid] = []
            running = self._running.get((air, uid))
            if running is not None:
                self._world.updated(air, uid, task)
                self._tell([follower], air, "validated", _MESSAGES["validated"])
                running.append(follower)
                self._stalled.discard((air, uid))
                return
            self._running[air, uid] = [follower]
            known = self._world.models.get(air)
            held = known is not None and known.status == "ready" and known.unique_identifier == uid
            if held:
                self._world.updated(air, uid, task)
            else:
                self._world.registered(air, uid, task)
            thread = Thread(target=self._run, args=(air, uid, text_of(task, "downloadURL"), held), daemon=True)
            self._threads.append(thread)
        thread.start()

    def statuses(self, task_uuid: str) -> list[Item] | None:
        """Return the status items of a task so far; None when there is no such upload."""
        with self._lock:
            items = self._statuses.get(task_uuid)
            return None if items is None else list(items)

    def close(self) -> None:
        """Stop all uploads. A download that stalls is left behind; it ends by its own time limit."""
        self._closing.set()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)

    def _run(self, air: str, uid: str, url: str, held: bool) -> None:
        """Go through the phases; weights that are ``held`` already are neither fetched nor looked at again."""
        phases = ("ready",) if held and self._settings.resend == "ready" else PHASES
        try:
            for phase in phases:
                if self._closing.wait(self._settings.seconds(phase)):
                    return
                if phase == "downloaded" and not held:
                    self._download(air, uid, url)
                self._report_and_stall(air, uid, phase)
                if phase == self._faults.fail_after and not held:
                    self._report(air, uid, "failed", f"failed after {phase}, as asked for")
                    return
        except _StoppedError as stop:
            self._report(air, uid, stop.status, stop.message)

    def _download(self, air: str, uid: str, url: str) -> None:
        path = self._folder / uuid4().hex
        try:
            fetched = self._fetch(url, path)
            self._world.downloaded(Download(air, url, "", fetched.sha256, fetched.size), uid)
            problem = open_model(path) or self._hash_problem(uid, fetched.sha256)
        except FetchError as error:
            self._world.downloaded(Download(air, url, str(error), None, 0), uid)
            raise _StoppedError("error downloading", f"The file could not be downloaded: {error}") from error
        finally:
            path.unlink(missing_ok=True)
        if problem:
            raise _StoppedError("failed", problem)

    def _fetch(self, url: str, path: Path) -> Fetched:
        if self._faults.take("fail_downloads"):
            raise FetchError("failed, as asked for")
        return fetch(url, path)

    def _hash_problem(self, uid: str, sha256: str) -> str:
        if not self._settings.check_hash or not _SHA256.fullmatch(uid) or uid.lower() == sha256:
            return ""
        return f"checksum mismatch: uniqueIdentifier is {uid}, the file's sha256 {sha256}"

    def _report_and_stall(self, air: str, uid: str, phase: Phase) -> None:
        """Report a phase, and then stop, if the faults say so, until another task is sent."""
        if phase == self._faults.stall_after and not is_terminal(phase) and self._faults.take("stall_times"):
            with self._lock:
                self._stalled.add((air, uid))
        self._report(air, uid, phase, _MESSAGES[phase])
        while (air, uid) in self._stalled and not self._closing.wait(_POLL_SECONDS):
            pass

    def _report(self, air: str, uid: str, status: str, message: str) -> None:
        with self._lock:
            current = self._world.reported(air, uid, status)
            followers = list(self._running[air, uid])
            if is_terminal(status):
                del self._running[air, uid]
                if current:
                    self._announce(self._world.models[air], message)
        self._tell(followers, air, status, message)
        if is_terminal(status):
            for follower in followers:
                if follower.webhook_url:
                    item = _status_item(follower.task_uuid, air, status, message)
                    self._world.posted(post_webhook(follower.webhook_url, {"data": [item]}, self._closing))

    def _tell(self, followers: list[_Follower], air: str, status: str, message: str) -> None:
        for follower in followers:
            item = _status_item(follower.task_uuid, air, status, message)
            with self._lock:
                self._statuses[follower.task_uuid].append(item)
            follower.deliver(Frame(item))


def _status_item(task_uuid: str, air: str, status: str, message: str) -> Item:
    return {"taskType": "modelUpload", "taskUUID": task_uuid, "status": status, "message": message, "air": air}
