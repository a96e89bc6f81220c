"""Images: ``mediaStorage`` and ``imageUpload`` keep them, ``imageInference`` gives one pixel."""

from __future__ import annotations

import base64
import binascii
from threading import Lock
from typing import cast
from uuid import uuid4

from rw_hooks.sandbox.fetch import FetchError, fetch_bytes
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.wire import Item, Problem, RefusalError, Task, list_of, text_of
from rw_hooks.sandbox.world import World

__all__ = ["Media", "infer_image"]

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}


class Media:
    """The images of one sandbox.

    Attributes:
        base_url: Where they are served from; set when the server has its port.
    """

    def __init__(self) -> None:
        self.base_url = ""
        self._lock = Lock()
        self._images: dict[str, bytes] = {}

    def get(self, uuid: str) -> tuple[bytes, str] | None:
        """Return an image and its media type."""
        with self._lock:
            content = self._images.get(uuid)
        return None if content is None else (content, _type_of(content))

    def add(self, content: bytes) -> tuple[str, str]:
        """Keep an image, and return its UUID and URL."""
        uuid = str(uuid4())
        with self._lock:
            self._images[uuid] = content
        return uuid, f"{self.base_url}{uuid}"

    def store(self, task: Task) -> Item:
        """Answer ``mediaStorage``."""
        operation, media = text_of(task, "operation"), text_of(task, "media")
        if operation == "upload":
            uuid, url = self.add(_content(media, "media"))
            return {"operation": operation, "mediaUUID": uuid, "mediaURL": url}
        if operation != "delete":
            allowed = {"allowedValues": ["upload", "delete"]}
            raise RefusalError(Problem("invalidOperation", "The operation is not supported.", "operation", allowed))
        with self._lock:
            if self._images.pop(media, None) is None:
                raise RefusalError(Problem("mediaNotFound", "There is no such media.", "media"))
        return {"operation": operation, "mediaUUID": media}

    def upload_image(self, task: Task) -> Item:
        """Answer ``imageUpload``, the older form."""
        uuid, url = self.add(_content(text_of(task, "image"), "image"))
        return {"imageUUID": uuid, "imageURL": url}


def infer_image(task: Task, settings: SandboxSettings, world: World, media: Media) -> Item:
    """Answer ``imageInference``: one pixel, if every model of the account that is asked for is ready."""
    for name in ("positivePrompt", "model"):
        if not text_of(task, name):
            raise RefusalError(Problem("missingParameter", f"Required parameter '{name}' is missing.", name))
    for air in _airs(task):
        model = world.models.get(air)
        if model is None and air.startswith(f"{settings.air_source}:"):
            raise RefusalError(Problem("unknownModel", f"There is no model '{air}'.", "model", {"model": air}))
        if model is not None and model.status != "ready":
            raise RefusalError(Problem("modelNotReady", f"The model '{air}' is not ready.", "model", {"model": air}))
    uuid, url = media.add(_PIXEL)
    cost = {"cost": 0.0006} if task.get("includeCost") is True else {}
    return {"imageUUID": uuid, "imageURL": url, "seed": 123, **cost}


def _airs(task: Task) -> list[str]:
    airs = [text_of(task, "model"), text_of(task, "vae")]
    for name in ("lora", "embeddings", "controlNet"):
        airs += [text_of(cast("Task", entry), "model") for entry in list_of(task.get(name)) if isinstance(entry, dict)]
    return [air for air in airs if air]


def _content(text: str, name: str) -> bytes:
    """Return the bytes of an image given as URL, data URI or base64."""
    try:
        if text.startswith(("http://", "https://")):
            content = fetch_bytes(text)
        else:
            content = base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (FetchError, binascii.Error) as error:
        raise RefusalError(Problem("invalidMedia", f"The image cannot be read: {error}", name)) from error
    if not _type_of(content):
        raise RefusalError(Problem("invalidMedia", "The image must be PNG, JPEG or WEBP.", name))
    return content


def _type_of(content: bytes) -> str:
    return next((kind for start, kind in _TYPES.items() if content.startswith(start)), "")
