"""Removing secrets from everything that is shown or stored. Standard library only.

A URL may contain secrets in three parts: the user part (``https://user:token@host``), the query of a signed URL, and
the fragment. They are removed wherever a URL is shown or stored.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

__all__ = ["REMOVED", "fingerprint", "is_secret_url", "redact", "redact_url"]

_FINGERPRINT_DIGITS = 16

REMOVED = "[removed]"
"""The text that replaces a secret."""

_SCHEME = r"(?:https?|wss?)://"
_URL = re.compile(rf"(?i){_SCHEME}(?:(?!{_SCHEME})[^\s\"<>\\])+")  # quotes and brackets may be part of a URL


class _Shape(NamedTuple):
    """What a secret looks like.

    Attributes:
        needles: Every text with such a secret contains one of these, in lower case. Searching for them is fast, and
            texts may be megabytes of captions.
        pattern: The secret, with the name before it if this is needed to recognise it.
    """

    needles: tuple[str, ...]
    pattern: re.Pattern[str]


_SHAPES = (
    _Shape(("hf_",), re.compile(r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}")),
    _Shape(
        ("authorization",),
        re.compile(r"(?i)\bauthorization[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic)\s+)?[^\s\"',;}\])]{6,}"),
    ),
    _Shape(("bearer",), re.compile(r"(?i)\bbearer\s+(?=[a-z._~+/-]*[0-9])[a-z0-9._~+/-]{16,}=*")),
    # Base64 with a digit between letters, or filled up with equals signs: "a basic illustration01" is no secret.
    _Shape(
        ("basic",),
        re.compile(r"(?i)\bbasic\s+(?:[a-z0-9+/]{8,}={1,2}(?!\w)|(?=[a-z0-9+/]*[a-z][0-9]+[a-z])[a-z0-9+/]{16,})"),
    ),
    _Shape(("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    # A long run with a digit between letters, also behind short words: "sk_cyberpunk_style_v2" is a model's name.
    _Shape(
        ("sk", "pk", "rk"),
        re.compile(
            r"(?<![A-Za-z0-9])[spr]k[-_](?:[A-Za-z0-9]{1,15}[-_]{1,9}){0,8}"
            r"(?=[A-Za-z0-9]*[A-Za-z][0-9]+[A-Za-z])[A-Za-z0-9]{16,}[A-Za-z0-9_-]*"
        ),
    ),
    _Shape(
        ("gh", "github_pat_", "glpat-", "xox"),
        re.compile(
            r"(?<![A-Za-z0-9])(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}"
            r"|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{20,})"
        ),
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
        return REMOVED
    shown = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return shown if host or not url.startswith(f"{parts.scheme}://") else f"{parts.scheme}://{parts.path}"


def is_secret_url(url: str) -> bool:
    """Whether the URL has a part that may be a secret."""
    return redact_url(url) != url


def redact(text: str, *secrets: str) -> str:
    """Return the text without the given secrets, without secret parts of URLs, and without what looks like a token."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, REMOVED)
    if "://" in text:
        text = _URL.sub(lambda match: redact_url(match[0]), text)
    lowered = text.lower()
    for shape in _SHAPES:
        if any(needle in lowered for needle in shape.needles):
            text = shape.pattern.sub(REMOVED, text)
    return text


def fingerprint(key: str) -> str:
    """Return the fingerprint of a key, which does not reveal the key: 16 hex digits of its sha256."""
    return hashlib.sha256(key.encode()).hexdigest()[:_FINGERPRINT_DIGITS]
