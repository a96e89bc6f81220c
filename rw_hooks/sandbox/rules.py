"""What the platform accepts in a ``modelUpload``, as one table.

Fields and bounds are those of the model upload page of 2025-10 (``founding``) and of the published schema of 2026-10
(``today``), which knows no ``deliveryMethod``, ``webhookURL``, ``conditioning``, category ``controlnet`` or type
``refiner``. The codes of single fields are named in the platform's style; no list of them is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from rw_hooks.air import Air
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.wire import Problem, Task, list_of

__all__ = ["problems_of"]

_CATEGORIES = ("checkpoint", "lora", "lycoris", "vae", "embeddings")
_WITH_TRIGGERS = ("checkpoint", "lora", "lycoris", "embeddings")
_CONDITIONING = (
    "blur", "canny", "depth", "gray", "hed", "inpaint", "inpaintdepth", "lineart", "lowquality", "normal", "openmlsd",
    "openpose", "outfit", "pix2pix", "qrcode", "scrible", "seg", "shuffle", "sketch", "softedge", "tile",
)  # fmt: skip
_TAGS_MAX, _TAG_LENGTH_MAX = 100, 400


@dataclass(frozen=True)
class _Field:
    """What one field takes; ``low`` and ``high`` bound a number, or the length of a text."""

    kind: Literal["text", "url", "integer", "number", "boolean", "tags"]
    required: bool = False
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


_ALWAYS = {
    "taskType": _Field("text", required=True),
    "taskUUID": _Field("text", required=True),
    "category": _Field("text", required=True),
    "type": _Field("text", categories=("checkpoint", "embeddings")),
    "architecture": _Field("text", required=True),
    "format": _Field("text", required=True),
    "air": _Field("text"),
    "uniqueIdentifier": _Field("text", low=1),
    "name": _Field("text", required=True, low=1),
    "version": _Field("text", required=True, low=1),
    "downloadURL": _Field("url", required=True),
    "defaultScheduler": _Field("text", categories=("checkpoint",), low=1),
    "defaultSteps": _Field("integer", categories=("checkpoint",), low=1, high=100),
    "defaultCFG": _Field("number", categories=("checkpoint",), low=0, high=30),
    "defaultStrength": _Field("number", categories=("checkpoint",), low=0, high=1),
    "defaultWeight": _Field("number", categories=("lora", "lycoris"), low=-4, high=4),
    "private": _Field("boolean"),
    "heroImageURL": _Field("url"),
    "tags": _Field("tags"),
    "positiveTriggerWords": _Field("text", categories=_WITH_TRIGGERS),
    "negativeTriggerWords": _Field("text", categories=_WITH_TRIGGERS),
    "shortDescription": _Field("text", low=2, high=40_000),
    "comment": _Field("text", low=2, high=1_000),
}
_FOUNDING = {
    **_ALWAYS,
    "air": _Field("text", required=True),
    "uniqueIdentifier": _Field("text", required=True, low=1),
    "conditioning": _Field("text", categories=("controlnet",)),
    "deliveryMethod": _Field("text"),
    "webhookURL": _Field("url"),
}
_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "url": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "tags": (list,),
}


def problems_of(task: Task, settings: SandboxSettings) -> list[Problem]:
    """Return everything that is wrong with an upload by itself; nothing when it is acceptable."""
    fields = _FOUNDING if settings.dialect == "founding" else _ALWAYS
    unknown = [
        Problem("unknownParameter", f"Unknown parameter '{name}' for task 'modelUpload'.", name)
        for name in task
        if name not in fields
    ]
    found: list[Problem] = []
    for name, field in fields.items():
        if task.get(name) is not None:
            found += _field_problems(name, field, task)
        elif name in task:
            found.append(_invalid(name, "must not be null"))
        elif field.required:
            found.append(Problem("missingParameter", f"Required parameter '{name}' is missing.", name))
    return [*(found or [*_choice_problems(task, settings), *_name_problems(task, settings)]), *unknown]


def _field_problems(name: str, field: _Field, task: Task) -> Iterator[Problem]:
    value, category = task[name], task.get("category")
    if not isinstance(value, _KINDS[field.kind]) or (isinstance(value, bool) and field.kind != "boolean"):
        yield _invalid(name, f"must be {_a(field.kind)}", type=field.kind)
        return
    if field.categories and category not in field.categories:
        message = f"Parameter '{name}' applies to {', '.join(field.categories)} only."
        yield Problem("incompatibleParameters", message, (name, "category"))
    if field.kind == "url" and not _is_url(str(value)):
        yield _invalid(name, "must be an http or https URL")
    if field.kind == "tags":
        yield from _tag_problems(name, value)
    yield from _bound_problems(name, field, value)


def _bound_problems(name: str, field: _Field, value: object) -> Iterator[Problem]:
    size = len(value) if isinstance(value, str) else value
    if not isinstance(size, (int, float)) or isinstance(size, bool):
        return
    unit = " characters" if isinstance(value, str) else ""
    bounds = {key: bound for key, bound in (("min", field.low), ("max", field.high)) if bound is not None}
    if field.low is not None and not size >= field.low:
        yield _invalid(name, f"must be at least {field.low:g}{unit}", **bounds)
    if field.high is not None and not size <= field.high:
        yield _invalid(name, f"must be at most {field.high:g}{unit}", **bounds)


def _tag_problems(name: str, value: object) -> Iterator[Problem]:
    tags = list_of(value)
    if not all(isinstance(tag, str) and 0 < len(tag) <= _TAG_LENGTH_MAX for tag in tags):
        yield _invalid(name, f"must be texts of at most {_TAG_LENGTH_MAX} characters", max=_TAG_LENGTH_MAX)
    elif len(tags) > _TAGS_MAX or len(set(tags)) < len(tags):
        yield _invalid(name, f"must be at most {_TAGS_MAX}, all different", max=_TAGS_MAX)


def _choice_problems(task: Task, settings: SandboxSettings) -> Iterator[Problem]:
    founding = settings.dialect == "founding"
    types: dict[str, tuple[str, ...]] = {"checkpoint": ("base", "inpainting"), "embeddings": ("positive", "negative")}
    if founding:
        types["checkpoint"] += ("refiner",)
    category = str(task["category"])
    yield from _choice(task, "category", (*_CATEGORIES, "controlnet") if founding else _CATEGORIES)
    yield from _choice(task, "architecture", settings.architectures)
    yield from _choice(task, "format", ("safetensors",))
    if category in types and "type" not in task:
        yield Problem("missingParameter", f"Parameter 'type' is required for {category}.", "type")
    yield from _choice(task, "type", types.get(category, ()))
    yield from _choice(task, "conditioning", _CONDITIONING)
    yield from _choice(task, "deliveryMethod", ("sync", "async"))


def _choice(task: Task, name: str, allowed: tuple[str, ...]) -> Iterator[Problem]:
    if name in task and task[name] not in allowed:
        yield _invalid(name, "is not supported", type="string", allowedValues=list(allowed))


def _name_problems(task: Task, settings: SandboxSettings) -> Iterator[Problem]:
    if "air" not in task:
        return
    try:
        air = Air.parse(str(task["air"]))
    except ValueError:
        yield Problem("invalidAir", "The air must be of the form source:id@version.", "air", {"type": "string"})
        return
    if air.source != settings.air_source:
        message = f"The source '{air.source}' does not belong to your organization."
        yield Problem("modelOwnershipValidationError", message, "air")


def _invalid(name: str, what: str, **more: object) -> Problem:
    return Problem(f"invalid{name[0].upper()}{name[1:]}", f"The value of '{name}' {what}.", name, more)


def _a(kind: str) -> str:
    return {"integer": "an integer", "tags": "an array of strings", "url": "a URL"}.get(kind, f"a {kind}")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
