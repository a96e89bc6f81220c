"""Variables of launch scripts: known variables are replaced by their values, others are marked as unknown.

A variable is known only if it is set once, in a line of its own outside every block, because only then it has one value
in every run of the script. Secrets are never replaced: under another name they could not be recognised.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rw_hooks.facts.configs import is_secret_key

__all__ = ["BATCH", "POWERSHELL", "SHELL", "Dialect", "expanded", "plain"]

_GROWTH_MAX = 100_000
_LITERAL = "\0"
_END = r"[ \t]*;?[ \t]*(?:\#.*)?"
_VALUE = r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;&|<>()'"`]*)""" + _END
_SETS = re.compile(
    r"""(?:^|[;&|({\])]|\b(?:then|do|else|export|set|local|declare|readonly)\b)[ \t]*"?\$?(?:env:)?(\w+)[ \t]*\+?="""
    r"""|\b(?:for|foreach|read)\b[ \t(]*\$?(\w+)""",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Dialect:
    """How the scripts of one shell set and name variables.

    Attributes:
        assignment: A whole line that sets one; its groups are name and value.
        variable: The use of a variable; the first group that matches is the name.
        unknown: A variable, argument or command whose value cannot be known.
        pieces: The parts of a line: literal, quoted, and others.
        sigil: The sign of a variable.
        escaped: The escaped sign, which means itself.
        splits: Whether a value without quotes is split into words at spaces.
    """

    assignment: re.Pattern[str]
    variable: re.Pattern[str]
    unknown: re.Pattern[str]
    pieces: re.Pattern[str]
    sigil: str
    escaped: str
    splits: bool


SHELL = Dialect(
    assignment=re.compile(r"(?:export[ \t]+)?([A-Za-z_]\w*)=" + _VALUE),
    variable=re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))"),
    unknown=re.compile(r"\$[\w{(@*#?!$-]|`"),
    pieces=re.compile(r"""(?P<literal>'[^']*'|\\.)|(?P<quoted>"(?:[^"\\]|\\.)*")|[^'"\\]+"""),
    sigil="$",
    escaped="\\$",
    splits=True,
)
POWERSHELL = Dialect(
    assignment=re.compile(r"\$((?:env:)?\w+)[ \t]*=[ \t]*" + _VALUE, re.IGNORECASE),
    variable=re.compile(r"\$(?:\{((?:env:)?\w+)\}|((?:env:)?[A-Za-z_]\w*))", re.IGNORECASE),
    unknown=re.compile(r"\$[\w{(]"),
    pieces=re.compile(r"""(?P<literal>'[^']*')|(?P<quoted>"[^"]*")|[^'"]+"""),
    sigil="$",
    escaped="`$",
    splits=False,
)
BATCH = Dialect(
    assignment=re.compile(r"""@?set[ \t]+"?(\w+)=([^"&|<>]*)"?[ \t]*""", re.IGNORECASE),
    variable=re.compile(r"%(\w+)%"),
    unknown=re.compile(r"%[^%\s]+%|%~?\d|!\w+!"),
    pieces=re.compile(r"""(?P<literal>(?!))|(?P<quoted>"[^"]*")|[^"]+"""),
    sigil="%",
    escaped="%%",
    splits=True,
)


def expanded(lines: Sequence[str], dialect: Dialect) -> Iterator[str]:
    """Yield the lines with their known variables replaced, up to a limit; :func:`plain` then reads their words."""
    counted = Counter((match[1] or match[2]).lower() for match in _SETS.finditer("\n".join(lines)))
    values = _Values(dialect)
    for line in lines:
        found = dialect.assignment.fullmatch(line)
        if found and counted[found[1].lower().removeprefix("env:")] == 1 and not is_secret_key(found[1]):
            values.learn(found[1], found[2])
        yield values.put_into(line)


def plain(word: str, dialect: Dialect) -> str | None:
    """Return a word of an expanded line as the trainer gets it, or None if a part of it is unknown."""
    return None if dialect.unknown.search(word) else word.replace(_LITERAL, dialect.sigil)


class _Values:
    """The values that are known so far, and by how much they may still enlarge the script."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[str, str] = {}
        self._left = _GROWTH_MAX

    def learn(self, name: str, written: str) -> None:
        quoted = written if written[:1] in {"'", '"'} else f'"{written}"'
        try:
            value = " ".join(shlex.split(self.put_into(quoted)))
        except ValueError:
            return
        if not self._dialect.unknown.search(value):
            self._known[self._key(name)] = value

    def put_into(self, line: str) -> str:
        return self._dialect.pieces.sub(self._piece, line)

    def _piece(self, piece: re.Match[str]) -> str:
        if piece["literal"]:
            return piece[0].replace(self._dialect.sigil, _LITERAL)
        quoted = bool(piece["quoted"])
        text = piece[0].replace(self._dialect.escaped, _LITERAL)
        return self._dialect.variable.sub(lambda name: self._value(name, quoted=quoted), text)

    def _value(self, name: re.Match[str], *, quoted: bool) -> str:
        value = self._known.get(self._key(name[name.lastindex or 0]))
        if value is None or len(value) > self._left:
            return name[0]
        self._left -= len(value)
        if not quoted and self._dialect.splits:
            return re.sub(r"""([\\"'#])""", r"\\\1", value)
        escaped = re.sub(r'([\\"])', r"\\\1", value)
        return escaped if quoted else f'"{escaped}"'

    def _key(self, name: str) -> str:
        return name if self._dialect is SHELL else name.lower()
