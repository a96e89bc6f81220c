"""The flag ``--json``, which commands without the other options have too."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

__all__ = ["AsJson"]

AsJson = Annotated[bool, Parameter(name="--json", negative="", help="One JSON object a line on standard output.")]
