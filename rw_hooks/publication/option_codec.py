"""Converting options to the form in the inbox and the journal, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qs

from rw_hooks.config.options import OPTIONS, coerce, option
from rw_hooks.config.precedence import Given, pack
from rw_hooks.config.settings import Settings
from rw_hooks.support.redact import is_secret_url, redact_url

__all__ = ["pack", "secret_fields", "secret_options", "unpack", "whole_url", "without_secret", "without_secret_options"]

V = TypeVar("V")


def unpack(settings: Settings, packed: Mapping[str, Any]) -> Settings:
    """Return the settings of this process with the stored options, which are stronger.

    Options that this version does not know, or would refuse, are ignored: they were checked when they were given.
    """
    kept: dict[str, Given] = {}
    for name, entry in packed.items():
        try:
            kept[name] = Given(coerce(option(name), entry["value"]), entry["source"])
        except (TypeError, ValueError, KeyError):
            continue
    return replace(settings, given={**settings.given, **kept})


def secret_options(packed: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that are secret URLs, with their secret parts."""
    return {name: entry["value"] for name, entry in packed.items() if _is_secret(entry["value"])}


def secret_fields(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return stored secret URLs by the request field that they are for."""
    return {OPTIONS[name].wire: url for name, url in secrets.items() if name in OPTIONS and OPTIONS[name].wire}


def whole_url(url: str, kept: str | None) -> str:
    """Return the kept URL where it is this very one together with its secret; else the URL itself."""
    same = kept is not None and url.rstrip("/") in {redact_url(kept).rstrip("/"), without_secret(kept).rstrip("/")}
    return kept if kept is not None and same else url


def without_secret_options(packed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the secret parts of URLs removed."""
    return {name: {**entry, "value": without_secret(entry["value"])} for name, entry in packed.items()}


def without_secret(value: V) -> V | str:
    """Return an option's value, without the secret parts of a URL."""
    return redact_url(value) if isinstance(value, str) and _is_secret(value) else value


def _is_secret(value: object) -> bool:
    """Whether this is a URL with a secret: a query or fragment of a web address, or a user part of any URL."""
    if not isinstance(value, str) or "://" not in value:
        return False
    if value.startswith(("http://", "https://")):
        return is_secret_url(value)
    return "@" in value.partition("://")[2].partition("/")[0] or any(map(_is_secret, _addresses(value)))


def _addresses(value: str) -> list[str]:
    """Return the web address that a ``dir://`` URL names."""
    return parse_qs(value.partition("?")[2]).get("url", [])
