"""The channel of an upload: the interface that WebSocket and REST have in common."""

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
"""The number that means "no connection"."""


@dataclass(frozen=True)
class Lost:
    """The connection broke; another :class:`Connected` follows when there is a new one."""

    reason: str


@dataclass(frozen=True)
class Unavailable:
    """Connecting failed, or was of no use, several times in a row; it is still tried."""

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
    """The connection of one upload to Runware."""

    @property
    def transport(self) -> Literal["ws", "rest"]:
        """The kind of transport: ``ws`` or ``rest``."""
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
        """Also receive what comes for this task."""
        ...
