"""AIR, Runware's identifier of a model: ``source:id@version``. Standard library only.

There are two grammars, because Runware's documentation says "numeric", but its catalogue has other AIRs too
(``alibaba:qwen-image@2512``). What we generate follows the strict grammar, what we accept follows the lenient one. A
given AIR is never changed (``qatests:68487@08629`` keeps its leading zero).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Air", "AirRequest", "generated_id"]

_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_LENIENT = re.compile(rf"({_WORD}):({_WORD})(?:@({_WORD}))?")
_STRICT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}:[0-9]{1,18}@[0-9]{1,9}")
_ID_BITS_IN_HEX = 10


@dataclass(frozen=True)
class Air:
    """A complete AIR.

    Attributes:
        source: The organisation's name space, created in the Runware dashboard.
        id: The model's identifier within it; numeric where we generate it.
        version: The version, counted up for new weights under the same id.
    """

    source: str
    id: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Air:
        """Read ``source:id@version``.

        Raises:
            ValueError: The text is not a complete AIR.
        """
        request = AirRequest.parse(text)
        if request.version is None:
            raise ValueError(f"{text!r} is not a complete AIR: the version is missing (write source:id@version)")
        return cls(request.source, request.id, request.version)

    @property
    def strict(self) -> bool:
        """Whether the AIR follows the documented grammar (lower-case source, numeric id and version)."""
        return _STRICT.fullmatch(str(self)) is not None

    def __str__(self) -> str:
        return f"{self.source}:{self.id}@{self.version}"


@dataclass(frozen=True)
class AirRequest:
    """A requested AIR: complete, or ``source:id`` for "the next free version"."""

    source: str
    id: str
    version: str | None

    @classmethod
    def parse(cls, text: str) -> AirRequest:
        """Read ``source:id`` or ``source:id@version``.

        Raises:
            ValueError: The text is neither.
        """
        match = _LENIENT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not an AIR; write source:id@version, or source:id for the next free version")
        return cls(match[1], match[2], match[3])

    @property
    def is_complete(self) -> bool:
        """Whether it is the AIR of one model."""
        return self.version is not None

    def at(self, version: str) -> Air:
        """Return the complete AIR with this version."""
        return Air(self.source, self.id, version)


def generated_id(sha256: str) -> str:
    """Return the numeric id for a file: 40 bits of its sha256, so that the same file always gets the same AIR."""
    return str(int(sha256[:_ID_BITS_IN_HEX], 16))
