"""What a file's metadata reveals about people and machines, and which keys a person may want to remove."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rw_hooks.artifact.model import Finding
from rw_hooks.support.redact import redact

__all__ = ["PRIVATE", "keys_to_strip", "privacy_findings"]

PRIVATE = "private"

# Each begins with a character that is seldom, which the search for it skips to.
_PATHS = (
    re.compile(
        r"/(?<![\w:/.]/)(?:home|Users|root|mnt|media|data|workspace|content|kaggle|tmp|var|opt|srv|notebooks)/[^\s\"',]"
    ),
    re.compile(r":(?<=[A-Za-z]:)(?<![\w:/.]..)(?:\\\\?|/)(?!/)[^\s\"',]"),
    re.compile(r"\\\\(?<![\w:/.]..)(?:\\\\)?[\w.-]{2,}\\\\?[\w$.-]"),
    re.compile(r"~(?<![\w:/.]~)/[^\s\"',]"),
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{2,64}@[\w-]+\.[\w.]{2,}")
"""Begins only where a word does: a value may be a hundred megabytes of one."""
_URL_FRAGMENT = re.compile(r"https?://\S+")
_DATASET_KEYS = frozenset(
    {
        "ss_dataset_dirs",
        "ss_reg_dataset_dirs",
        "ss_tag_frequency",
        "ss_datasets",
        "ss_bucket_info",
    }
)
_CONFIG_KEYS = frozenset({"ot_config", "lora_adapter_metadata", "training_args", "config"})


def privacy_findings(metadata: Mapping[str, str]) -> list[Finding]:
    """Return what a person should know before the metadata is published."""
    findings: list[Finding] = []
    secret = [key for key, value in metadata.items() if redact(_without_urls(value)) != _without_urls(value)]
    if secret:
        message = f"the metadata contains what looks like a token, in {_listed(secret)}; {_advice(secret)}"
        findings.append(Finding(code="secret_in_metadata", severity="warning", message=message))
    paths = [key for key, value in metadata.items() if _has_path(value)]
    if paths:
        message = f"the metadata contains local paths, in {_listed(paths)}; {_advice(paths)}"
        findings.append(Finding(code="private_paths", severity="warning", message=message))
    people = [key for key, value in metadata.items() if _has_address(value)]
    if people:
        message = f"the metadata contains an e-mail address, in {_listed(people)}; {_advice(people)}"
        findings.append(Finding(code="private_person", severity="warning", message=message))
    datasets = sorted(_DATASET_KEYS & metadata.keys())
    if datasets:
        message = f"the metadata lists the training data, in {_listed(datasets)}; {_advice(datasets)}"
        findings.append(Finding(code="dataset_listing", severity="info", message=message))
    return findings


def keys_to_strip(metadata: Mapping[str, str], keys: Iterable[str]) -> tuple[str, ...]:
    """Return which keys to remove; ``private`` means all keys that reveal paths, people, data or tokens."""
    wanted = set(keys)
    chosen = {key for key in metadata if key in wanted or (PRIVATE in wanted and _is_private(key, metadata[key]))}
    return tuple(key for key in metadata if key in chosen)


def _is_private(key: str, value: str) -> bool:
    bare = _without_urls(value)
    return (
        key in _DATASET_KEYS or key in _CONFIG_KEYS or _has_path(value) or _has_address(value) or redact(bare) != bare
    )


def _has_path(value: str) -> bool:
    bare = _without_urls(value)
    return any(path.search(bare) for path in _PATHS)


def _has_address(value: str) -> bool:
    return "@" in value and bool(_EMAIL.search(_without_urls(value)))


def _without_urls(value: str) -> str:
    return _URL_FRAGMENT.sub("", value)


def _listed(keys: list[str]) -> str:
    shown = ", ".join(keys[:5])
    return shown + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")  # noqa: PLR2004


def _advice(keys: list[str]) -> str:
    return f"leave it out with --strip-metadata {','.join(keys[:5])} (or private)"
