"""``rw-hooks update``: update only the metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.api.update import update as update_model
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import run_all, settings_from
from rw_hooks.cli.flags import Flags, Options

__all__ = ["update"]

_NO_FLAGS = Flags()


def update(
    air: Annotated[str, Parameter(name="AIR", help="source:id@version of the published model.")],
    file: Annotated[
        Path | None, Parameter(name="FILE", help="Its file or receipt, if the model is not in this machine's journal.")
    ] = None,
    /,
    *,
    as_json: AsJson = False,
    options: Options = _NO_FLAGS,
) -> int:
    """Change a published model's description; the file stays as it is, and nothing is uploaded."""
    settings = settings_from(options)
    return run_all(lambda observer: [update_model(air, settings, observer, file)], as_json=as_json)
