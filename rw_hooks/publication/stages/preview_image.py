"""Giving a URL to a preview image that the user named as a file, only once for the same image."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rw_hooks.artifact.model import Finding
from rw_hooks.describe import Description
from rw_hooks.errors import RwHooksError
from rw_hooks.publication.services import Services
from rw_hooks.support.deadline import Deadline

__all__ = ["hosted_image", "with_known_image"]

_FIELD = "heroImageURL"
_BYTES_MAX = 20_000_000


def with_known_image(described: Description, earlier: Description) -> Description:
    """Return the description with the URL that the same image got before; a new image has no URL yet."""
    source = _source(described)
    if source is None:
        return described
    known = earlier.sources.get(_FIELD) == source
    return _with(described, str(earlier.fields[_FIELD]) if known else "", source)


def hosted_image(services: Services, described: Description, deadline: Deadline) -> Description:
    """Return the description with the image's URL; an image that cannot be hosted is dropped, with a warning.

    Only an image that the user named is hosted; an image found among a run's samples is only suggested by ``explain``.
    """
    source = _source(described)
    if source is None or described.hero_file is None:
        return described
    try:
        url = services.client.store_image(_read(described.hero_file), deadline)
    except (RwHooksError, OSError) as error:
        finding = Finding(
            code="hero_image_left_out",
            severity="warning",
            message=f"the preview image could not be hosted ({error}); the model is published without it",
        )
        return described.model_copy(update={"findings": (*described.findings, finding)})
    return _with(described, url, source)


def _with(described: Description, url: str, source: str) -> Description:
    return described.model_copy(
        update={
            "fields": {**described.fields, _FIELD: url},
            "sources": {**described.sources, _FIELD: source},
        }
    )


def _source(described: Description) -> str | None:
    """Return the source of the image and its hash, or None if there is no image to host."""
    if described.hero_file is None or not described.hero_given:
        return None
    try:
        digest = hashlib.sha256(_read(described.hero_file)).hexdigest()
    except OSError:
        return None
    return f"{described.hero_source} (sha256 {digest[:16]})"


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_BYTES_MAX)
