"""``rw-hooks inspect``: what a file is, whether it is sound, and which warnings there are."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.artifact.checks.publishable import require_publishable
from rw_hooks.artifact.inspection import inspect as read
from rw_hooks.artifact.model import Inspection
from rw_hooks.cli.asjson import AsJson
from rw_hooks.errors import ArtifactError, RwHooksError, UsageError

__all__ = ["inspect"]

_HIDDEN = {"reasons", "data_sha256", "blake3"}


def inspect(
    *paths: Path,
    header_only: Annotated[bool, Parameter(negative="")] = False,
    as_json: AsJson = False,
    explain: Annotated[bool, Parameter(negative="")] = False,
    blake3: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show what .safetensors files are and whether they are sound.

    Args:
        paths: Files, or folders with .safetensors files.
        header_only: Read only the header: fast at any size, but without hashes and without checks of the numbers.
        as_json: Print one JSON object per line instead.
        explain: Show which facts decided.
        blake3: Compute the BLAKE3 hash too.
    """
    if not paths:
        raise UsageError("no_file", "no file was given", hint="rw-hooks inspect FILE...")
    codes = [_one(path, header_only, as_json, explain, blake3) for path in _files(paths)]
    return next((code for code in codes if code), 0)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    """Replace each folder by its files; a folder without files stays, so that it is refused later."""
    for path in paths:
        is_folder = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir() raises where a name is too long
        inside = sorted(path.glob("*.safetensors")) if is_folder else []
        yield from inside or [path]


def _one(path: Path, header_only: bool, as_json: bool, explain: bool, blake3: bool) -> int:
    try:
        inspection = read(path, header_only=header_only, blake3=blake3)
    except RwHooksError as error:
        from rw_hooks.cli.show import say_error

        say_error(error)
        return error.exit_code
    if as_json:
        print(_json_line(inspection, explain=explain))  # noqa: T201 - the output itself
    else:
        from rw_hooks.cli.inspection import print_inspection

        print_inspection(inspection, explain=explain)
    try:
        require_publishable(inspection)
    except ArtifactError as error:
        return error.exit_code
    return 0


def _json_line(inspection: Inspection, *, explain: bool) -> str:
    hidden = _HIDDEN - ({"reasons"} if explain else set()) - ({"blake3"} if inspection.blake3 else set())
    shown = {name: value for name, value in inspection.as_json().items() if name not in hidden}
    text = json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace").decode()
    return re.sub(r"[^\x00-\x7f]", lambda letter: json.dumps(letter[0])[1:-1], text)  # JSON in any terminal's encoding
