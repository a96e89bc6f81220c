"""What carries an upload: the words that WebSocket and REST share towards the one who registers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import SecretStr

from rw_hooks.errors import RwHooksError
from rw_hooks.runware.messages import Accepted, Fault, Status

__all__ = ["UNCONNECTED", "Channel", "ChannelEvent", "Connected", "Finished", "Lost", "Refused", "Unavailable"]


@dataclass(frozen=True)
class Connected:
    """Tasks can be sent. ``number`` tells one connection from the next; ``session`` is what it carries, or None."""

    number: int
    session: str | None = field(default=None, repr=False)


UNCONNECTED = Connected(0)
"""No connection; no real one has this number."""


@dataclass(frozen=True)
class Lost:
    """The connection broke; another :class:`Connected` follows when there is a new one."""

    reason: str


@dataclass(frozen=True)
class Unavailable:
    """Connecting failed, or led to nothing, several times in a row; it is still tried."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """The key was refused; nothing more comes."""

    error: RwHooksError


@dataclass(frozen=True)
class Finished:
    """``getResponse`` calls the task done: no proof, but a reason to look now."""


ChannelEvent = Status | Fault | Accepted | Connected | Lost | Unavailable | Refused | Finished


class Channel(Protocol):
    """One upload's way to Runware and back."""

    @property
    def transport(self) -> Literal["ws", "rest"]:
        """What it is."""
        ...

    def next(self, seconds: float) -> ChannelEvent | None:
        """Return what comes within this time, or None."""
        ...

    def send(self, payload: SecretStr, connection: int) -> bool:
        """Send the text of one task on the connection of this number.

        Returns:
            False when that connection is gone and nothing was sent.
        """
        ...

    def follow(self, task_uuid: str) -> None:
        """Take what comes for this task too."""
        ...
