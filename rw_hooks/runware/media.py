"""Keeping a preview image at Runware: ``mediaStorage``, the successor of ``imageUpload``."""

from __future__ import annotations

import base64
from uuid import uuid4

from rw_hooks.errors import RefusedError
from rw_hooks.runware.messages import Stored
from rw_hooks.runware.rest_api import RestApi
from rw_hooks.support.deadline import Deadline

__all__ = ["media_type", "store_image"]

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


def media_type(content: bytes) -> str | None:
    """Return the media type of an image that the platform takes (PNG, JPEG, WebP), or None."""
    return next((kind for start, kind in _KINDS if content.startswith(start)), None)


def store_image(api: RestApi, content: bytes, deadline: Deadline) -> str:
    """Give the platform an image to keep, and return its public URL.

    Args:
        api: The platform.
        content: The image file's bytes.
        deadline: When to stop trying.

    Raises:
        RefusedError: It is no image, or the platform said no.
        UnreachableError: There was no answer in time.
    """
    kind = media_type(content)
    if kind is None:
        raise RefusedError(
            "not_an_image", "the preview image is not a PNG, JPEG or WebP file", hint="give another image"
        )
    media = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    task = {"taskType": "mediaStorage", "taskUUID": str(uuid4()), "operation": "upload", "media": media}
    stored = next((event for event in api.ask(task, deadline) if isinstance(event, Stored)), None)
    if stored is None or stored.url is None:
        raise RefusedError("no_image_url", "Runware stored the preview image but did not return its URL")
    return stored.url
