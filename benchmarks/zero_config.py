"""How many request fields are right without a single flag, trainer by trainer.

Reads every run of ``tests/data/runs`` as ``rw-hooks publish FOLDER`` would, and compares with what the run's own
config and files determine (``expected.json``): the chosen file, each field of the request that is not a constant or a
default, the hero image, and what has to be asked for. Run it from the repository's root:

    python benchmarks/zero_config.py
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from rw_hooks.artifact import inspect
from rw_hooks.config.settings import load
from rw_hooks.describe import describe
from rw_hooks.integration import choose, read_run
from tests.doubles.runs import RUNS, unfold

TARGET = 0.95
DETERMINED = (
    "category", "type", "architecture", "name", "version", "positiveTriggerWords", "negativeTriggerWords", "tags",
    "shortDescription", "defaultWeight", "chosen", "url", "hero", "missing",
)  # fmt: skip
DEFAULTS = {"version": "v1"}


def answers(folder: Path, read: str) -> dict[str, Any]:
    """Return all that rw-hooks says of a run: the chosen file, and the description's parts by name."""
    run = read_run(folder / read)
    found: dict[str, Any] = {"trainer": run.trainer, "chosen": None}
    for artifact in choose(run).artifacts:
        if artifact.url is not None:
            return {**found, "chosen": artifact.path.name, "url": artifact.url}
        description = describe(
            inspect(artifact.path), read_run(artifact.path).facts, load({}, environ={}, directory=folder)
        )
        found["chosen"] = artifact.path.relative_to(folder).as_posix()
        found |= {
            name: list(value) if isinstance(value, tuple) else value for name, value in description.fields.items()
        }
        found["hero"] = description.hero_file.name if description.hero_file else None
        found["missing"] = [missing.flag for missing in description.missing]
    return found


def main() -> int:
    """Print a line a trainer; return 1 when the share of right fields is below the target."""
    expected: dict[str, dict[str, Any]] = json.loads((RUNS / "expected.json").read_text(encoding="utf-8"))
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as spool:
        for name, run in expected.items():
            given = answers(unfold(name, Path(spool)), run["read"])
            known = {**run, **run.get("fields", {})}
            wanted = {key: known[key] for key in DETERMINED if key in known and known[key] != DEFAULTS.get(key)}
            trainer = str(run["trainer"])
            total[trainer] += len(wanted)
            right[trainer] += sum(given.get(key) == value for key, value in wanted.items())
            for key, value in wanted.items():
                if given.get(key) != value:
                    print(f"{name}: {key} is {given.get(key)!r}, should be {value!r}", file=sys.stderr)
    for trainer in sorted(total):
        print(f"{trainer:<16}{right[trainer]:>4} of {total[trainer]:>4}")
    share = right.total() / total.total()
    print(f"{'all':<16}{right.total():>4} of {total.total():>4}   {share:.1%} (target {TARGET:.0%})")
    return 0 if share >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
