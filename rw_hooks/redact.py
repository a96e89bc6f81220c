"""Keeping secrets out of everything that is shown or kept. Standard library only.

A URL may be a secret in three places: the user part (``https://user:token@host``), the query of a signed URL, and
the fragment. All of them are removed wherever a URL is shown or kept.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

__all__ = ["fingerprint", "is_secret_url", "redact", "redact_url"]

_FINGERPRINT_DIGITS = 16

_REDACTED = "[removed]"
_URL = re.compile(r"(?:[hH][tT][tT][pP]|[wW][sS])[sS]?://[^\s\"'<>\\)\]}]+")


class _Shape(NamedTuple):
    """What a secret looks like.

    Attributes:
        needles: Of which one is in every text that holds such a secret, in lower case; looking for them costs next to
            nothing, and texts may be megabytes of a training's captions.
        pattern: The secret, with the name before it where that tells it from other words.
    """

    needles: tuple[str, ...]
    pattern: re.Pattern[str]


_SHAPES = (
    _Shape(("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{8,}")),
    _Shape(
        ("authorization",),
        re.compile(r"(?i)\bauthorization[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic)\s+)?[^\s\"',;}\])]{6,}"),
    ),
    _Shape(
        ("bearer", "basic"),
        # A digit or an equals sign: "a basic watercolour" in a prompt is no secret.
        re.compile(r"(?i)\b(bearer|basic)\s+(?=[A-Za-z0-9._~+/-]*[0-9=])[A-Za-z0-9._~+/=-]{8,}"),
    ),
    _Shape(("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    _Shape(
        ("sk", "pk", "rk", "gh", "glpat", "xox"),
        re.compile(r"\b(?:sk|pk|rk|ghp|gho|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}"),
    ),
    _Shape(
        ("key", "secret", "passw", "token"),
        re.compile(
            r"(?i)(?<![A-Za-z0-9])(?:api[_-]?key|access[_-]?key|secret|password|passwd"
            r"|(?:auth|access|hub|hf|huggingface|refresh|bearer|session)[_-]?token)[\"']?\s*[=:]\s*"
            r"[\"']?[^\s\"',;}\])]{6,}"
        ),
    ),
)


def redact_url(url: str) -> str:
    """Return the URL without user part, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return _REDACTED
    shown = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return shown if host or not url.startswith(f"{parts.scheme}://") else f"{parts.scheme}://{parts.path}"


def is_secret_url(url: str) -> bool:
    """Whether the URL holds a part that may be a secret."""
    return redact_url(url) != url


def redact(text: str, *secrets: str) -> str:
    """Return the text without the given secrets, without secret parts of URLs, and without anything token-shaped."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, _REDACTED)
    if "://" in text:
        text = _URL.sub(lambda match: redact_url(match[0]), text)
    lowered = text.lower()
    for shape in _SHAPES:
        if any(needle in lowered for needle in shape.needles):
            text = shape.pattern.sub(_REDACTED, text)
    return text


def fingerprint(key: str) -> str:
    """Return what tells one key from another without telling the key: 16 hex digits of its sha256."""
    return hashlib.sha256(key.encode()).hexdigest()[:_FINGERPRINT_DIGITS]
