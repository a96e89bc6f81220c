"""How a sandbox behaves when nothing goes wrong; see :mod:`rw_hooks.sandbox.faults` for the rest."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rw_hooks.architectures import ARCHITECTURES
from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.wire import Phase

__all__ = ["SandboxSettings"]


class SandboxSettings(BaseModel):
    """What the sandbox takes, knows and says.

    Attributes:
        key: The API key that it accepts.
        port: The HTTP port (REST and files); 0 for any free one.
        ws_port: The WebSocket port; 0 for any free one.
        dialect: ``today`` (the schema of 2026-10) or ``founding`` (the upload page of 2025-10).
        delay: Seconds that each phase takes.
        delays: Seconds of single phases, where they differ.
        air_source: The account's AIR source; uploads under another one are refused.
        show_air_source: Whether ``accountManagement`` tells it.
        balance: The account's credit; uploads are refused at zero or less.
        balance_shape: Whether ``accountManagement`` tells the balance as a number or as an object; clients know both.
        architectures: The accepted ones.
        check_hash: Whether a ``uniqueIdentifier`` that is a sha256 must be the file's.
        resend: What the same AIR and ``uniqueIdentifier`` again gets: a lone ``ready``, or all phases.
        rest_mode: What REST answers to an upload: the first status, nothing until a timeout, or a bare acknowledgement.
            The founding dialect's ``deliveryMethod`` comes first.
        rest_hold: Seconds after which a held REST call times out.
        rest_timeout_status: The HTTP status of that.
        get_response: What ``getResponse`` says of an upload; by default ``stuck_processing`` today, and
            ``success_when_ready`` in the founding dialect.
        idle_limit: Seconds without a message after which a WebSocket is closed.
        replay_window: Seconds for which frames wait for a lost connection's return.
        faults: What goes wrong from the start.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = "sandbox-key"
    port: int = 0
    ws_port: int = 0
    dialect: Literal["today", "founding"] = "today"
    delay: float = Field(default=0.0, ge=0)
    delays: dict[Phase, float] = {}
    air_source: str = "sandbox"
    show_air_source: bool = True
    balance: float = 10.0
    balance_shape: Literal["number", "object"] = "number"
    architectures: tuple[str, ...] = ARCHITECTURES
    check_hash: bool = True
    resend: Literal["ready", "sequence"] = "ready"
    rest_mode: Literal["first_status", "hold_until_timeout", "ack"] = "first_status"
    rest_hold: float = Field(default=30.0, gt=0)
    rest_timeout_status: int = 524
    get_response: Literal["stuck_processing", "success_when_ready"] | None = None
    idle_limit: float = Field(default=120.0, gt=0)
    replay_window: float = Field(default=120.0, ge=0)
    faults: Faults = Field(default_factory=Faults)

    @property
    def stuck(self) -> bool:
        """Whether ``getResponse`` says ``processing`` for ever."""
        chosen = self.get_response or ("stuck_processing" if self.dialect == "today" else "success_when_ready")
        return chosen == "stuck_processing"

    def seconds(self, phase: Phase) -> float:
        """Return how long the phase takes."""
        return self.delays.get(phase, self.delay)
