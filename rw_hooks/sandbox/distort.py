"""What the switched-on faults do to frames on their way out. Pure, but for the counters of the switches."""

from __future__ import annotations

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.wire import Frame, Item

__all__ = ["distorted", "error_code_of", "status_of", "stray_frames"]

_LEGACY_ERROR_ID = 19


def status_of(frame: Frame) -> str:
    """Return the status of an upload's frame, or an empty text."""
    item = _upload_item(frame)
    return str(item["status"]) if item is not None and "status" in item else ""


def error_code_of(frame: Frame) -> str:
    """Return the code of a frame's first error, or an empty text."""
    errors = frame.get("errors")
    return str(errors[0].get("code", "")) if isinstance(errors, list) and errors else ""


def distorted(frame: Frame, faults: Faults) -> Frame | None:
    """Return the frame as the faults leave it; None when it is never sent."""
    if "errors" in frame:
        return _error_frame(frame, faults)
    item = _upload_item(frame)
    if item is None:
        return frame
    if item.get("status") in faults.skip_phases:
        return None
    changed = {key: value for key, value in item.items() if key not in faults.omit_keys}
    if faults.empty_message and "message" in changed:
        changed["message"] = ""
    return {"data": [changed]}


def stray_frames(task_uuid: str) -> list[Frame]:
    """Return a frame of an unknown task type, and one of an unknown status."""
    return [
        {"data": [{"taskType": "weatherReport", "taskUUID": task_uuid, "outlook": "fair"}]},
        {"data": [{"taskType": "modelUpload", "taskUUID": task_uuid, "status": "simmering", "message": ""}]},
    ]


def _error_frame(frame: Frame, faults: Faults) -> Frame:
    listed = frame["errors"]
    errors = [_error(item, faults) for item in listed] if isinstance(listed, list) else []
    first = errors[0]
    of_task = {key: first[key] for key in ("taskType", "taskUUID") if key in first}
    shapes: dict[str, Frame] = {
        "errors": {"errors": errors},
        "error_object": {"error": first, **of_task},
        "error_list": {"error": errors},
        "legacy": {"error": True, "errorId": _LEGACY_ERROR_ID, "errorMessage": first["message"]},
        "item": {"data": [{**of_task, "status": "error", "error": first}]},
        "item_code": {"data": [first]},
    }
    return shapes[faults.error_shape]


def _error(error: Item, faults: Faults) -> Item:
    changed = dict(error)
    if faults.empty_message:
        changed["message"] = ""
    if faults.error_task_uuid == "absent":
        changed.pop("taskUUID", None)
    if faults.error_task_uuid == "N/A":
        changed["taskUUID"] = "N/A"
    return changed


def _upload_item(frame: Frame) -> Item | None:
    data = frame.get("data")
    if not isinstance(data, list) or len(data) != 1 or data[0].get("taskType") != "modelUpload":
        return None
    item: Item = data[0]
    return item
