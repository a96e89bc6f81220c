"""How frames look on the wire, with what the switched-on faults do to them."""

from __future__ import annotations

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.wire import Frame, Item

__all__ = ["Wire", "on_wire", "stray_frames"]

Wire = dict[str, object]
_LEGACY_ERROR_ID = 19


def on_wire(frame: Frame, faults: Faults) -> Wire | None:
    """Return the frame's JSON object; None when the faults have it never sent."""
    if frame.item is None:
        return _errors(frame.errors, faults)
    if not frame.status:
        return {"data": [frame.item]}
    if frame.status in faults.skip_phases:
        return None
    item = {key: value for key, value in frame.item.items() if key not in faults.omit_keys}
    return {"data": [_without_message(item, faults)]}


def stray_frames(task_uuid: str) -> list[Wire]:
    """Return a frame of an unknown task type, and one of an unknown status."""
    return [
        {"data": [{"taskType": "weatherReport", "taskUUID": task_uuid, "outlook": "fair"}]},
        {"data": [{"taskType": "modelUpload", "taskUUID": task_uuid, "status": "simmering", "message": ""}]},
    ]


def _errors(errors: tuple[Item, ...], faults: Faults) -> Wire:
    changed = [_without_message(_without_task(error, faults), faults) for error in errors]
    first = changed[0]
    of_task = {key: value for key, value in first.items() if key in {"taskType", "taskUUID"}}
    shapes: dict[str, Wire] = {
        "errors": {"errors": changed},
        "error_object": {"error": first, **of_task},
        "error_list": {"error": changed},
        "legacy": {"error": True, "errorId": _LEGACY_ERROR_ID, "errorMessage": first["message"]},
        "item": {"data": [{**of_task, "status": "error", "error": first}]},
        "item_code": {"data": [first]},
    }
    return shapes[faults.error_shape]


def _without_task(error: Item, faults: Faults) -> Item:
    if faults.error_task_uuid == "own":
        return error
    rest = {key: value for key, value in error.items() if key != "taskUUID"}
    return rest if faults.error_task_uuid == "absent" else {**rest, "taskUUID": "N/A"}


def _without_message(item: Item, faults: Faults) -> Item:
    return {**item, "message": ""} if faults.empty_message and "message" in item else item
