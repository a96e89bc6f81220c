"""The switches that make the sandbox misbehave, the ways real services do.

A fresh sandbox behaves well. Set a switch before the start (``SandboxSettings(faults=Faults(...))``) or while it runs
(``sandbox.faults.drop_after = "stored"``). A switch with a number counts down; the others hold until they are set back.
"""

from __future__ import annotations

from threading import Lock
from typing import Literal

from pydantic import BaseModel, ConfigDict, PrivateAttr

from rw_hooks.sandbox.wire import Phase

__all__ = ["Faults"]

_LET_THROUGH = 200

Counter = Literal["drop_times", "fail_downloads", "stall_times", "swallow_acks", "truncate_json"]


class Faults(BaseModel):
    """What goes wrong.

    Attributes:
        drop_after: The connection breaks, without a closing handshake, right after this phase's frame.
        drop_times: How often it does.
        stall_after: The upload stops without any message, right after this phase's frame, until the same AIR and
            ``uniqueIdentifier`` are sent again with a new taskUUID.
        stall_times: How often it does.
        duplicate_frames: Every frame of an upload is sent twice.
        reorder_frames: Each second phase of an upload arrives after the one that follows it.
        skip_phases: Phases that are never reported.
        unknown_frames: Before every frame of an upload come one of an unknown task type and one of an unknown status.
        invalid_json: Before every frame of an upload comes text that is not JSON, and a binary frame.
        stray_frames: Frames nobody asked for come before the answer to the authentication.
        no_session_id: The answer to the authentication lacks ``connectionSessionUUID``.
        error_task_uuid: Whether errors carry the task's UUID, the text ``N/A``, or none.
        error_shape: How errors are wrapped: ``errors`` (today's), ``error_object``, ``error_list``, ``legacy`` (before
            2025), ``item`` (an item of status ``error``), ``item_code`` (an item that itself carries ``code``).
        empty_message: Messages of statuses and errors are empty.
        omit_keys: Keys left out of status items, such as ``air`` and ``taskType``.
        fail_after: Uploads fail after this phase.
        fail_downloads: How many uploads end with ``error downloading``, whatever their URL gives.
        never_answer: ``uploads``: they are neither answered nor done. ``all``: nothing is, not even a ping.
        swallow_acks: How many uploads are done without a single answer.
        refuse_websocket: ``forbidden``: the handshake ends with 403. ``reset``: the connection is cut instead.
        rest_statuses: HTTP statuses of the next REST calls, one each; nothing is done in them. 200 lets a call through.
        retry_after: The ``Retry-After`` header that goes with them.
        truncate_json: How many REST replies end in the middle.
        account_forbidden: ``accountManagement`` is refused, as to a restricted key.
        odd_tags: ``modelSearch`` shows tags that are not text.
        list_when_ready: ``modelSearch`` shows a model only when it is ready, not from its acceptance on.
    """

    model_config = ConfigDict(validate_assignment=True, extra="forbid")

    drop_after: Phase | None = None
    drop_times: int = 1
    stall_after: Phase | None = None
    stall_times: int = 1
    duplicate_frames: bool = False
    reorder_frames: bool = False
    skip_phases: tuple[Phase, ...] = ()
    unknown_frames: bool = False
    invalid_json: bool = False
    stray_frames: bool = False
    no_session_id: bool = False
    error_task_uuid: Literal["own", "N/A", "absent"] = "own"
    error_shape: Literal["errors", "error_object", "error_list", "legacy", "item", "item_code"] = "errors"
    empty_message: bool = False
    omit_keys: tuple[str, ...] = ()
    fail_after: Phase | None = None
    fail_downloads: int = 0
    never_answer: Literal["no", "uploads", "all"] = "no"
    swallow_acks: int = 0
    refuse_websocket: Literal["no", "forbidden", "reset"] = "no"
    rest_statuses: tuple[int, ...] = ()
    retry_after: str | None = None
    truncate_json: int = 0
    account_forbidden: bool = False
    odd_tags: bool = False
    list_when_ready: bool = False

    _lock: Lock = PrivateAttr(default_factory=Lock)

    def take(self, counter: Counter) -> bool:
        """Use up one of a counted fault; False when none is left."""
        with self._lock:
            left: int = getattr(self, counter)
            if left > 0:
                setattr(self, counter, left - 1)
            return left > 0

    def take_rest_status(self) -> int | None:
        """Use up the HTTP status of the next REST call, if one is set."""
        with self._lock:
            if not self.rest_statuses:
                return None
            first, *rest = self.rest_statuses
            self.rest_statuses = tuple(rest)
            return None if first == _LET_THROUGH else first
