"""Joining the sources of options. Standard library only, so that a hook joins them as a command does.

The sources, strongest first: an explicit argument or flag; the environment; ``rw-hooks.toml`` in the working directory
or a folder above it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rw_hooks.config.options import OPTIONS, Option, Value, coerce, option
from rw_hooks.errors import UsageError
from rw_hooks.support.redact import redact

__all__ = ["API_URL", "CONFIG_NAME", "Given", "join", "pack"]

CONFIG_NAME = "rw-hooks.toml"
API_URL = "https://api.runware.ai/v1"
_CONFIG_BYTES_MAX = 1_000_000


@dataclass(frozen=True)
class Given:
    """An option's value, and where it was given.

    Attributes:
        value: The coerced value.
        source: ``--name``, ``RW_HOOKS_NAME`` or ``rw-hooks.toml: name``.
    """

    value: Value
    source: str

    def __repr__(self) -> str:
        """Return the value as it may be shown: a URL without its secret parts."""
        return f"Given({redact(repr(self.value))}, source={self.source!r})"


def join(
    arguments: Mapping[str, object] | None, *, environ: Mapping[str, str], directory: Path, as_flags: bool = False
) -> dict[str, Given]:
    """Join arguments, environment and ``rw-hooks.toml``.

    Args:
        arguments: Options of the call; None values count as not given. None instead of a mapping if the command has no
            options: it continues publications that are described already, so a missing config does not stop it.
        environ: The environment.
        directory: Where to search for ``rw-hooks.toml``, and then in the folders above it.
        as_flags: Whether the arguments are flags of a command; then their sources are called ``--name``.

    Raises:
        UsageError: An option is unknown, a value is malformed or out of bounds, or the config file cannot be read.
    """
    folder = directory.absolute()
    given = {
        **_from_file(folder),
        **_from_environment(environ, folder),
        **_coerced(arguments or {}, "{flag}" if as_flags else "argument {name}", folder),
    }
    if arguments is not None and "config" in given:
        _require_readable(given["config"])
    return given


def pack(given: Mapping[str, Given]) -> dict[str, Any]:
    """Return the options as JSON values, each with its source."""
    return {name: {"value": entry.value, "source": entry.source} for name, entry in given.items()}


def _require_readable(config: Given) -> None:
    """Refuse a config that does not exist, because without it the model would be described wrongly."""
    path = Path(str(config.value))
    if not (os.path.isfile(path) and os.access(path, os.R_OK)):  # noqa: PTH113 - any path is answered, none raises
        raise UsageError("bad_option", f"{config.source}: the file {path} cannot be read", stage="setup")


def _coerced(values: Mapping[str, object], source: str, folder: Path, file: Path | None = None) -> dict[str, Given]:
    """Coerce the values; relative paths are relative to this folder."""
    found: dict[str, Given] = {}
    for name, value in values.items():
        if value is None:
            continue
        try:
            entry = option(name)
            where = source.format(name=name, flag=entry.flag, variable=entry.variable)
            found[name] = Given(_absolute(entry, coerce(entry, value, str(file or where)), folder), where)
        except TypeError as error:
            raise UsageError("unknown_option", f"{file}: {error}" if file else str(error), stage="setup") from None
        except ValueError as error:
            raise UsageError("bad_option", str(error), stage="setup") from None
    return found


def _absolute(entry: Option, value: Value, folder: Path) -> Value:
    names_file = entry.kind == "path" or (entry.name == "hero_image" and not str(value).startswith(("http:", "https:")))
    if not names_file:
        return value
    return str(folder / os.path.expanduser(str(value)))  # noqa: PTH111 - leaves "~" where nobody knows the home


def _from_environment(environ: Mapping[str, str], folder: Path) -> dict[str, Given]:
    values = {name: environ[entry.variable] for name, entry in OPTIONS.items() if environ.get(entry.variable)}
    return _coerced(values, "{variable}", folder)


def _from_file(folder: Path) -> dict[str, Given]:
    path = next((place / CONFIG_NAME for place in (folder, *folder.parents) if (place / CONFIG_NAME).is_file()), None)
    if path is None:
        return {}
    return _coerced(_read_toml(path), CONFIG_NAME + ": {name}", path.parent, path)


def _require_small(path: Path) -> None:
    if path.stat().st_size > _CONFIG_BYTES_MAX:
        raise UsageError("bad_config", f"{path} is too large for a settings file", stage="setup")


def _read_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        _require_small(path)
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except UsageError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("bad_config", f"{path} cannot be read: {error}", hint="correct the file, or move it "
                                                                               "to another folder",
                         stage="setup") from None  # fmt: skip
