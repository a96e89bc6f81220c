"""All settings: options, keys, endpoints, the state folder.

The library and the commands read the environment only here. A hook reads it itself, because it must not import what
this module needs. What the trainer's config and the file say is weaker than all settings; ``describe`` joins it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from pydantic import SecretStr

from rw_hooks.config.options import option
from rw_hooks.config.precedence import API_URL, CONFIG_NAME, Given, join
from rw_hooks.config.state_dir import state_home, working_folder

__all__ = ["CONFIG_NAME", "Given", "Settings", "load"]

WS_URL = "wss://ws-api.runware.ai/v1"
HF_ENDPOINT = "https://huggingface.co"

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """All settings of this process. Secrets are :class:`pydantic.SecretStr`, so they are not shown.

    Attributes:
        given: The options that were given, by name.
        home: The state folder.
        api_url: Runware's REST endpoint.
        ws_url: Runware's WebSocket endpoint.
        api_key: The Runware key, or None.
        hf_token: The Hugging Face token, or None.
        hf_endpoint: The Hub's address.
        hf_xet: Whether the Hub client may use Xet.
        log_level: A level name of :mod:`logging`.
        machine: The name of this machine in lists of publications of several machines.
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
    machine: str = field(default_factory=platform.node)

    def value(self, name: str, default: T) -> T:
        """Return the option's value, or the default if it was not given (both have the same type)."""
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
        arguments: Options of the call; None values count as not given. None instead of a mapping if the command has no
            options.
        environ: The environment; by default that of this process.
        directory: Where to search for ``rw-hooks.toml``; by default the working directory.
        as_flags: Whether the arguments are flags of a command; then their sources are called ``--name``.

    Raises:
        UsageError: An option is unknown, a value is malformed or out of bounds, or the config file cannot be read.
    """
    environ = os.environ if environ is None else environ
    given = join(arguments, environ=environ, directory=directory or working_folder(), as_flags=as_flags)
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
        machine=environ.get("RW_HOOKS_MACHINE") or platform.node(),
    )


def _secret(text: str | None) -> SecretStr | None:
    return SecretStr(text.strip()) if text and text.strip() else None


def _hub_token(environ: Mapping[str, str]) -> SecretStr | None:
    """Return the token as huggingface_hub finds it: HF_TOKEN, the older variable, then the client's own token file."""
    named = _secret(environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN"))
    if named is not None:
        return named
    try:
        cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        home = Path(environ.get("HF_HOME") or cache / "huggingface")
        return _secret(Path(environ.get("HF_TOKEN_PATH") or home / "token").expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RuntimeError):  # the last one: the user's home folder is unknown
        return None
