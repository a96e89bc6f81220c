"""What the account sees: ``accountManagement`` and ``modelSearch``."""

from __future__ import annotations

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.wire import Item, Problem, RefusalError, Task, list_of, text_of
from rw_hooks.sandbox.world import Model, World

__all__ = ["account_details", "search_models"]

_ORGANIZATION = "5f0e9d50-6f0a-4b6e-9d5e-7a1d3c2b4a59"
_LIMIT_MAX, _LIMIT = 100, 20
_SHOWN = (
    "name", "version", "category", "type", "architecture", "conditioning", "private", "comment", "shortDescription",
    "defaultScheduler", "defaultSteps", "defaultCFG", "defaultStrength", "defaultWeight", "positiveTriggerWords",
    "negativeTriggerWords",
)  # fmt: skip


def account_details(task: Task, settings: SandboxSettings, faults: Faults) -> Item:
    """Answer ``accountManagement``."""
    if faults.account_forbidden:
        raise RefusalError(Problem("insufficientPermissions", "This API key may not see the account."))
    operation = task.get("operation")
    if operation != "getDetails":
        allowed = {"allowedValues": ["getDetails"]}
        raise RefusalError(Problem("invalidOperation", "The operation is not supported.", "operation", allowed))
    as_object = settings.balance_shape == "object"
    details: Item = {
        "operation": operation,
        "organizationName": "Sandbox",
        "organizationUUID": _ORGANIZATION,
        "balance": {"amount": settings.balance, "currency": "USD"} if as_object else settings.balance,
        "team": [],
        "apiKeys": [{"name": "sandbox", "apiKey": settings.key, "enabled": True}],
        "usage": {},
    }
    return {**details, "AIRSource": settings.air_source} if settings.show_air_source else details


def search_models(task: Task, settings: SandboxSettings, faults: Faults, world: World) -> Item:
    """Answer ``modelSearch``. A model is listed from its acceptance on: a listing does not say that it is ready."""
    _require_search(task, settings)
    listed = [model for model in world.models.values() if model.status == "ready" or not faults.list_when_ready]
    found = [model for model in listed if not model.failed and _matches(model, task)]
    offset, limit = _whole(task, "offset", 0), _whole(task, "limit", _LIMIT)
    page = [_result(model, faults) for model in found[offset : offset + limit]]
    return {"totalResults": len(found), "results": page}


def _require_search(task: Task, settings: SandboxSettings) -> None:
    founding = settings.dialect == "founding"
    if founding and not text_of(task, "search"):
        raise RefusalError(Problem("missingParameter", "Required parameter 'search' is missing.", "search"))
    allowed = ("public", "private", "all") if founding else ("public", "private", "favorite", "owned")
    if task.get("visibility", "public") not in allowed:
        more = {"allowedValues": list(allowed)}
        raise RefusalError(Problem("invalidVisibility", "The visibility is not supported.", "visibility", more))
    if not 1 <= _whole(task, "limit", _LIMIT) <= _LIMIT_MAX:
        bounds = {"min": 1, "max": _LIMIT_MAX}
        raise RefusalError(Problem("invalidLimit", "The limit is out of bounds.", "limit", bounds))
    if _whole(task, "offset", 0) < 0:
        raise RefusalError(Problem("invalidOffset", "The offset is out of bounds.", "offset", {"min": 0}))


def _matches(model: Model, task: Task) -> bool:
    private = model.fields.get("private", True)
    visible = {"public": not private, "private": private, "favorite": False}.get(text_of(task, "visibility"), True)
    same = all(model.fields.get(name) == task[name] for name in ("category", "architecture") if name in task)
    return bool(visible) and same and _found_by(text_of(task, "search").lower(), model)


def _found_by(text: str, model: Model) -> bool:
    """Match name and AIR anywhere, version and tags as a whole: the rules of the search page of 2025-10."""
    name, version, tags = (model.fields.get(key) for key in ("name", "version", "tags"))
    wholes = [version, *list_of(tags)]
    return text in model.air.lower() or text in str(name).lower() or text in {str(whole).lower() for whole in wholes}


def _result(model: Model, faults: Faults) -> Item:
    shown = {name: model.fields[name] for name in _SHOWN if name in model.fields}
    tags: object = [7, None] if faults.odd_tags else model.fields.get("tags", [])
    result: Item = {"air": model.air, "private": True, **shown, "tags": tags}
    if "heroImageURL" in model.fields:
        result["heroImage"] = model.fields["heroImageURL"]
    return result


def _whole(task: Task, name: str, default: int) -> int:
    value = task.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusalError(Problem(f"invalid{name.capitalize()}", f"The {name} must be an integer.", name))
    return value
