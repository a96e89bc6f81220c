"""The front matter of a model card, which the scripts write when they push."""

from __future__ import annotations

from rw_hooks.facts import Config
from rw_hooks.facts.configs import UnreadableError, parse_yaml
from rw_hooks.integration import RunFolder

__all__ = ["front_matter"]

_FENCE = "---"


def front_matter(run: RunFolder) -> Config | None:
    """Return the card's settings (``base_model``, ``instance_prompt``, ``tags``), or None where there are none."""
    cards = run.matching(r"README\.md")
    lines = run.read_lines(cards[0]) if cards else []
    if not lines or lines[0].strip() != _FENCE or _FENCE not in lines[1:]:
        return None
    try:
        return parse_yaml("\n".join(lines[1 : lines.index(_FENCE, 1)]), "README.md")
    except UnreadableError as error:
        run.warnings.append(str(error))
        return None
