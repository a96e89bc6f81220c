"""``rw-hooks explain``: the description that would be sent, each field with its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from rw_hooks.api.explain import explain as explain_paths
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import print_json, settings_from
from rw_hooks.cli.flags import Flags, Options
from rw_hooks.cli.progress import Onlooker
from rw_hooks.cli.show import print_gap, print_rows, print_table, say_failure
from rw_hooks.cli.summary import finding_rows, storage_price
from rw_hooks.publication.model import Publication

__all__ = ["explain"]

_NO_FLAGS = Flags()


def explain(
    path: Annotated[Path, Parameter(name="PATH", help="A trained .safetensors file, or a run's output folder.")],
    /,
    *,
    as_json: AsJson = False,
    options: Options = _NO_FLAGS,
) -> int:
    """Show what would be sent, each field with its source; nothing is changed."""
    code = 0
    for number, publication in enumerate(explain_paths([path], settings_from(options), Onlooker())):
        if as_json:
            print_json(publication.as_json())
        elif publication.model:
            if number:
                print_gap()
            _print(publication, heading=publication.path != str(path))
        if publication.error is not None:
            say_failure(publication.error)
        code = code or publication.exit_code
    return code


def _print(publication: Publication, *, heading: bool) -> None:
    if heading:  # of a folder, which of its files this is
        print_rows([("file", publication.path)])
    fields = dict.fromkeys((*publication.model, *publication.sources))
    print_table(
        ("field", "value", "source"),
        [(name, _shown(publication.model.get(name)), publication.sources.get(name, "")) for name in fields],
    )
    rows = [(f"could be --{name.replace('_', '-')}", _shown(value)) for name, value in publication.suggestions.items()]
    if publication.size:
        rows.append(("storage", storage_price(publication.size)))
    print_rows([("", ""), *rows, *finding_rows(publication.findings)])


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if value is None:
        return "not known yet"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
