"""Print the lowest version of each dependency that pyproject.toml admits, as pins for pip."""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)>=(?P<lowest>[\w.]+)[^;]*(?P<marker>;.*)?")

for requirement in tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]:
    found = REQUIREMENT.fullmatch(requirement)
    if found is None:
        sys.exit(f"{requirement!r} names no lowest version")
    print(f"{found['name']}=={found['lowest']}{found['marker'] or ''}")
