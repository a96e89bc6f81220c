"""``rw-hooks publish``: publish files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.air import AirRequest
from rw_hooks.api.publish import publish_all
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import run_all, settings_from
from rw_hooks.cli.flags import Flags, Options
from rw_hooks.config.settings import Settings
from rw_hooks.errors import UsageError

__all__ = ["publish"]

_NO_FLAGS = Flags()


def publish(
    *paths: Annotated[
        Path, Parameter(name="PATH", required=True, help="A trained .safetensors file, or a run's output folder.")
    ],
    as_json: AsJson = False,
    options: Options = _NO_FLAGS,
) -> int:
    """Publish trained files as ready models.

    Options that are not given are read from the run and the file; 'rw-hooks explain PATH' shows what would be sent.
    After an interruption, run the same command again: it continues, and sends nothing twice.
    """
    settings = settings_from(options)
    _require_one_file_an_air(paths, settings)
    return run_all(partial(publish_all, paths, settings), as_json=as_json)


def _require_one_file_an_air(paths: tuple[Path, ...], settings: Settings) -> None:
    air = settings.text("air")
    if len(paths) > 1 and air is not None and AirRequest.parse(air).version is not None:
        raise UsageError(
            "one_air_many_files",
            f"{air} is the AIR of one model, but {len(paths)} files were given; nothing was sent",
            hint="give one file, or --air source:id so that each file gets the next free version",
            stage="setup",
        )
