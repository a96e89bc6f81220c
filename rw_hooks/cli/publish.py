"""``rw-hooks publish``: publish files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.api.publish import publish_all
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import run_all, settings_from
from rw_hooks.cli.flags import Flags, Options

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
    return run_all(partial(publish_all, paths, settings), as_json=as_json)
