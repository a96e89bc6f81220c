"""Reading the config files of a training: TOML, YAML, JSON, env files.

Nothing in them is trusted. Their size, depth and number of values are limited (one YAML alias can make a billion
values), and no code in them is run. Secrets are dropped here, before anything else sees the values: kohya_ss writes Hub
tokens in plain text beside the weights (kohya_ss #3603).
"""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from rw_hooks.support.redact import redact

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Config", "UnreadableError", "is_secret_key", "parse_yaml", "read_config", "read_text"]

_BYTES_MAX = 5_000_000
_DEPTH_MAX = 40
_VALUES_MAX = 200_000
_SECRET_KEY = re.compile(
    r"(.*[_-])?(token|tokens?_?secret|keys?|secrets?|secret_.*|passw(or)?d|passphrase|credentials?|auth|cookie)"
    r"|.*(api_?key|apikey|access_?key|password|webhook).*",
    re.IGNORECASE,
)
_TRAINING_TOKENS = frozenset({"placeholder_token", "initializer_token", "init_token", "class_token", "token_string"})


class UnreadableError(ValueError):
    """The file cannot be read; the message says why and can be shown as a warning."""


@dataclass(frozen=True)
class Config:
    """A config file without its secrets.

    Attributes:
        name: The file's name, for sources.
        values: Its top-level values; a top-level list is under ``items``.
        folder: The folder of the file, for paths in it.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    folder: Path = Path()

    def source(self, key: str) -> str:
        """Return the source of a value: the names of file and key."""
        return f"{self.name}: {key}"


def is_secret_key(key: str) -> bool:
    """Whether a setting of this name contains a secret: ``hf_token`` does, ``placeholder_token`` does not."""
    plain = key.strip().lstrip("-").replace("-", "_").lower()
    return plain not in _TRAINING_TOKENS and _SECRET_KEY.fullmatch(plain) is not None


def read_text(path: Path) -> str:
    """Return the content of a text file of limited size.

    Raises:
        UnreadableError: It is too large, gone, or not a text file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(f"{path.name} is not a regular file")  # opening a pipe would wait for ever
        if status.st_size > _BYTES_MAX:
            raise UnreadableError(f"{path.name} is too large for a config")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path.name} cannot be read: {type(error).__name__}") from None


def read_config(path: Path) -> Config:
    """Read a TOML, YAML, JSON or env file; its suffix says which.

    Raises:
        UnreadableError: It is broken, too large, nested too deeply, or has an unknown format.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise UnreadableError(f"{path.name} has none of the known config formats ({', '.join(_PARSERS)})")
    return _config(parse, read_text(path), path.name, path.parent)


def parse_yaml(content: str, name: str) -> Config:
    """Parse YAML, such as a model card's front matter.

    Raises:
        UnreadableError: As :func:`read_config`.
    """
    return _config(_yaml, content, name, Path())


def _config(parse: Callable[[str], object], content: str, name: str, folder: Path) -> Config:
    try:
        values = _cleaned(parse(content), _Budget())
    except UnreadableError as error:
        raise UnreadableError(f"{name}: {error}") from None
    except (ValueError, yaml.YAMLError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"{name} is broken: {type(error).__name__}") from None
    if not isinstance(values, (dict, list)):
        raise UnreadableError(f"{name} holds no settings")
    top = cast("Any", values)
    return Config(name=name, values=top if isinstance(values, dict) else {"items": top}, folder=folder)


class _Budget:
    """How many values may still be read; a shared value counts each time that it is used."""

    def __init__(self) -> None:
        self.left = _VALUES_MAX

    def take(self, count: int = 1) -> None:
        self.left -= count
        if self.left < 0:
            raise UnreadableError("it holds too many values")


def _cleaned(value: object, budget: _Budget, depth: int = 0) -> object:
    """Return a copy without secrets: without settings with a secret's name, and without texts that look like tokens."""
    budget.take()
    if depth > _DEPTH_MAX:
        raise UnreadableError("it is nested too deep")
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {str(key): _cleaned(item, budget, depth + 1) for key, item in items if not is_secret_key(str(key))}
    if isinstance(value, (list, tuple)):
        return [_cleaned(item, budget, depth + 1) for item in cast("list[object]", value)]
    return value


def _yaml(content: str) -> object:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _require_small_yaml(content, loader)
    return yaml.load(content, Loader=loader)  # noqa: S506 - one of the two safe loaders


def _require_small_yaml(content: str, loader: Any) -> None:  # noqa: ANN401 - the C loader has no types
    """Refuse YAML whose aliases would make too many values, before any value is built."""
    budget = _Budget()
    sizes: dict[str, int] = {}
    started: list[tuple[str | None, int]] = []
    total = 0
    for event in cast("Any", yaml.parse(content, Loader=loader)):  # pyright: ignore[reportUnknownMemberType] - untyped
        if isinstance(event, yaml.AliasEvent):
            grown = sizes.get(str(event.anchor))
            if grown is None:
                raise UnreadableError("an alias refers to the value that contains it")
        elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
            grown = 1
        else:
            grown = 0
        budget.take(grown)
        total += grown
        if isinstance(event, yaml.CollectionStartEvent):
            started.append((event.anchor, total - 1))
            if len(started) > _DEPTH_MAX:
                raise UnreadableError("it is nested too deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = started.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent) and event.anchor:
            sizes[str(event.anchor)] = 1


def _env(content: str) -> dict[str, object]:
    """Read ``NAME=value`` lines (SimpleTuner's ``config.env``).

    The names are converted to those of the long options.
    """
    found: dict[str, object] = {}
    for line in content.splitlines():
        match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)", line)
        if match:
            found[match[1].lower()] = match[2].strip().strip("'\"")
    return found


def _toml(content: str) -> object:
    return cast("object", tomllib.loads(content))


def _json(content: str) -> object:
    return json.loads(content)


_PARSERS: Mapping[str, Callable[[str], object]] = {
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
    ".env": _env,
}
