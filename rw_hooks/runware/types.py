"""The types of the client: the endpoint, what was sent, what Runware reported, and how long to wait for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from rw_hooks.errors import UsageError
from rw_hooks.support.redact import fingerprint

__all__ = [
    "Account",
    "Endpoint",
    "Ledger",
    "Listing",
    "Phase",
    "Registration",
    "Submission",
    "Timings",
    "Transport",
]

Transport = Literal["auto", "ws", "rest"]


@dataclass(frozen=True)
class Endpoint:
    """Runware's addresses, and the API key.

    Attributes:
        rest_url: Such as ``https://api.runware.ai/v1``.
        ws_url: Such as ``wss://ws-api.runware.ai/v1``.
        key: The API key.

    Raises:
        UsageError: An address is none.
    """

    rest_url: str
    ws_url: str
    key: SecretStr

    def __post_init__(self) -> None:
        _require_address(self.rest_url, ("https", "http"), "RUNWARE_API_URL")
        _require_address(self.ws_url, ("wss", "ws"), "RUNWARE_WS_URL")

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key, which does not reveal the key: 16 hex digits of its sha256."""
        return fingerprint(self.key.get_secret_value())


def _require_address(url: str, schemes: tuple[str, str], variable: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            "bad_endpoint",
            f"{variable} is not a URL of the form {schemes[0]}://host/path",
            hint=f"correct {variable}, or unset it to use the default",
            stage="setup",
        )


@dataclass(frozen=True)
class Timings:
    """How long to wait for what, in seconds. The defaults are for the real platform; tests shorten them.

    Attributes:
        connect: For a WebSocket connection, handshake included.
        authenticate: For the answer to the key.
        ping: Between pings; the platform hangs up after 120 s without a message.
        dead: Silence, pongs included, after which a connection counts as lost.
        backoff_first: Before the second try of anything; doubled with each further one.
        backoff_most: The longest such wait.
        fallback_after: Connections in a row that failed, or broke before a word about an upload came, after which
            ``transport=auto`` turns to REST.
        answer: For the first answer to a submission; so long it keeps others from being sent, then it is sent again.
        resume_silence: Without news on a resumed session, or of what an earlier process sent, before a new taskUUID.
        silence: Without news otherwise, before a new taskUUID; counted over connections and processes.
        search: Between looks at ``modelSearch`` while it is not known what became of a submission; grows.
        poll: Between polls over REST, and before the first look after a silence; grows.
        poll_most: The longest wait between polls and looks.
        rest_read: For one REST answer.
        lookup: For one question (account, search), repeated tries included.
    """

    connect: float = 15.0
    authenticate: float = 15.0
    ping: float = 30.0
    dead: float = 100.0
    backoff_first: float = 1.0
    backoff_most: float = 30.0
    fallback_after: int = 3
    answer: float = 60.0
    resume_silence: float = 10.0
    silence: float = 300.0
    search: float = 15.0
    poll: float = 5.0
    poll_most: float = 60.0
    rest_read: float = 60.0
    lookup: float = 45.0


class Phase(BaseModel):
    """One status of an upload, as the platform reported it.

    Attributes:
        status: ``validated``, ``downloaded``, ``optimized``, ``stored``, ``ready``, or whatever else it said.
        message: Its words.
        at: When we heard of it, ISO 8601 in UTC.
        air: The AIR it named, or None.
    """

    model_config = ConfigDict(frozen=True)

    status: str
    message: str = ""
    at: str
    air: str | None = None


class Submission(BaseModel):
    """What was sent for one upload. Journalled: holds no secret, and is on the disk before a byte is sent.

    Attributes:
        task_uuid: The task's name; kept through every doubt that the protocol does not allow to end with a new one.
        request_digest: Of the request; another request is another submission.
        session_uuid: The WebSocket session it was sent in, or None.
        sent_at: When it was first sent, ISO 8601 in UTC, written down just before; None when it surely was not.
        accepted: Whether the platform is known to have taken it.
        attempt: Counts the taskUUIDs of this request, from 1.
        phases: What the platform has reported.
        heard_at: When it last said something new, ISO 8601 in UTC; None when it did not, and in older journals.
    """

    model_config = ConfigDict(frozen=True)

    task_uuid: str
    request_digest: str
    session_uuid: str | None = None
    sent_at: str | None = None
    accepted: bool = False
    attempt: int = 1
    phases: tuple[Phase, ...] = ()
    heard_at: str | None = None

    @property
    def last_word(self) -> datetime | None:
        """When the platform last said something new of the task; when it did not, when the task was sent."""
        known = (self.heard_at, self.phases[-1].at if self.phases and self.accepted else None, self.sent_at)
        return next((moment for moment in map(_moment, known) if moment is not None), None)


def _moment(text: str | None) -> datetime | None:
    """Read a moment of a journal; what cannot be read was not written by us, and counts as absent."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


class Ledger(Protocol):
    """The store of one upload's submission."""

    def load(self) -> Submission | None:
        """Return what was saved last, or None."""
        ...

    def save(self, submission: Submission) -> None:
        """Keep it; it is durable when this returns."""
        ...


class Registration(BaseModel):
    """A model that the platform said is ready.

    Attributes:
        air: The AIR under which it is used: the platform's, where it named one.
        phases: In the order of their arrival, each once.
        transport: What carried the answer.
    """

    model_config = ConfigDict(frozen=True)

    air: str
    phases: tuple[Phase, ...]
    transport: Literal["ws", "rest"]


class Account(BaseModel):
    """What the key's account shows; None where it shows nothing (restricted keys show nothing at all).

    Attributes:
        air_source: The organisation's AIR source.
        balance: Credit in US dollars.
        organization: The organisation's UUID, or its name where no UUID is told.
    """

    model_config = ConfigDict(frozen=True)

    air_source: str | None = None
    balance: float | None = None
    organization: str | None = None


class Listing(BaseModel):
    """A model that ``modelSearch`` shows: proof that the AIR is taken, neither of readiness nor of its content."""

    model_config = ConfigDict(frozen=True)

    air: str
    name: str | None = None
    version: str | None = None
    category: str | None = None
    architecture: str | None = None
    private: bool | None = None
