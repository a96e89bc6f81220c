"""Where every option comes from, and the only place that reads the environment.

Strongest first: an explicit argument or flag; the environment; ``rw-hooks.toml`` in the working directory or a folder
above it. What the trainer's config and the file say comes after these and is joined in ``describe``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import SecretStr

from rw_hooks.errors import UsageError
from rw_hooks.home import state_home
from rw_hooks.options import OPTIONS, Option, Value, coerce, option

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["CONFIG_NAME", "Given", "Settings", "load"]

CONFIG_NAME = "rw-hooks.toml"
API_URL = "https://api.runware.ai/v1"
WS_URL = "wss://ws-api.runware.ai/v1"
HF_ENDPOINT = "https://huggingface.co"
_CONFIG_BYTES_MAX = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Given:
    """An option's value and who gave it.

    Attributes:
        value: The coerced value.
        source: ``--name``, ``RW_HOOKS_NAME`` or ``rw-hooks.toml: name``.
    """

    value: Value
    source: str


@dataclass(frozen=True)
class Settings:
    """Everything that was set from outside. Secrets are :class:`pydantic.SecretStr` and do not show.

    Attributes:
        given: Options that somebody gave, by name.
        home: The state folder.
        api_url: Runware's REST endpoint.
        ws_url: Runware's WebSocket endpoint.
        api_key: The Runware key, or None.
        hf_token: The Hugging Face token, or None.
        hf_endpoint: The Hub's address.
        hf_xet: Whether the Hub client may use Xet.
        log_level: A level name of :mod:`logging`.
    """

    given: Mapping[str, Given]
    home: Path
    api_url: str = API_URL
    ws_url: str = WS_URL
    api_key: SecretStr | None = field(default=None, repr=False)
    hf_token: SecretStr | None = field(default=None, repr=False)
    hf_endpoint: str = HF_ENDPOINT
    hf_xet: bool = True
    log_level: str = "WARNING"

    def value(self, name: str, default: T) -> T:
        """Return the option's value, or the default when nobody gave one (the two have one type)."""
        option(name)
        given = self.given.get(name)
        return default if given is None else cast("T", given.value)

    def text(self, name: str) -> str | None:
        """Return a text option's value, or None."""
        return self.value(name, cast("str | None", None))


def load(
    arguments: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    as_flags: bool = False,
) -> Settings:
    """Join arguments, environment and ``rw-hooks.toml``.

    Args:
        arguments: Options given in the call; None values count as not given.
        environ: The environment; this process's own by default.
        directory: Where to look for ``rw-hooks.toml``; the working directory by default.
        as_flags: Whether the arguments were flags of a command (it names them so in sources).

    Raises:
        UsageError: An option is unknown, or a value malformed or out of bounds.
    """
    environ = os.environ if environ is None else environ
    folder = (directory or Path.cwd()).absolute()
    given = {
        **_from_file(folder),
        **_from_environment(environ, folder),
        **_coerced(arguments or {}, "{flag}" if as_flags else "argument {name}", folder),
    }
    return Settings(
        given=given,
        home=state_home(environ),
        api_url=environ.get("RUNWARE_API_URL") or API_URL,
        ws_url=environ.get("RUNWARE_WS_URL") or WS_URL,
        api_key=_secret(environ.get("RUNWARE_API_KEY")),
        hf_token=_hub_token(environ),
        hf_endpoint=(environ.get("HF_ENDPOINT") or HF_ENDPOINT).rstrip("/"),
        hf_xet=environ.get("HF_HUB_DISABLE_XET", "").strip().lower() not in {"1", "on", "yes", "true"},
        log_level=(environ.get("RW_HOOKS_LOG_LEVEL") or "WARNING").upper(),
    )


def _coerced(values: Mapping[str, object], source: str, folder: Path) -> dict[str, Given]:
    """Coerce the values; relative paths are of this folder."""
    found: dict[str, Given] = {}
    for name, value in values.items():
        if value is None:
            continue
        try:
            entry = option(name)
            where = source.format(name=name, flag=entry.flag, variable=entry.variable)
            found[name] = Given(_absolute(entry, coerce(entry, value), folder), where)
        except TypeError as error:
            raise UsageError("unknown_option", str(error), stage="setup") from None
        except ValueError as error:
            raise UsageError("bad_option", str(error), stage="setup") from None
    return found


def _absolute(entry: Option, value: Value, folder: Path) -> Value:
    names_file = entry.kind == "path" or (entry.name == "hero_image" and not str(value).startswith(("http:", "https:")))
    return str(folder / str(value)) if names_file else value


def _from_environment(environ: Mapping[str, str], folder: Path) -> dict[str, Given]:
    values = {name: environ[entry.variable] for name, entry in OPTIONS.items() if environ.get(entry.variable)}
    return _coerced(values, "{variable}", folder)


def _from_file(folder: Path) -> dict[str, Given]:
    path = next((place / CONFIG_NAME for place in (folder, *folder.parents) if (place / CONFIG_NAME).is_file()), None)
    if path is None:
        return {}
    return _coerced(_read_toml(path), CONFIG_NAME + ": {name}", path.parent)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _CONFIG_BYTES_MAX:
            raise UsageError("bad_config", f"{path} is larger than a settings file can be", stage="setup")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("bad_config", f"{path} cannot be read: {error}", hint="mend it or move it away",
                         stage="setup") from None  # fmt: skip


def _secret(text: str | None) -> SecretStr | None:
    return SecretStr(text.strip()) if text and text.strip() else None


def _hub_token(environ: Mapping[str, str]) -> SecretStr | None:
    """Return the token as huggingface_hub finds it: HF_TOKEN, the older variable, then the client's own token file."""
    named = _secret(environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN"))
    if named is not None:
        return named
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(environ.get("HF_HOME") or cache / "huggingface")
    try:
        return _secret(Path(environ.get("HF_TOKEN_PATH") or home / "token").expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
