"""One exchange over REST: tasks out, events back, whatever the network and the platform do.

Nothing raises here: a lost connection, a status, a page of HTML are all :class:`~rw_hooks.runware.messages.Fault`
events, so that whoever sent a task decides in one place what they mean for it (for an upload, 524 or a timeout says
nothing about the outcome).
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from rw_hooks.runware.errors import to_error
from rw_hooks.runware.messages import Event, Fault, parse
from rw_hooks.runware.types import Endpoint, Timings
from rw_hooks.support.backoff import pause
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.http import (
    HTTPError,
    InvalidURL,
    Response,
    TimeoutException,
    open_client,
    reason,
    require_sendable,
)

__all__ = ["RestApi", "backoff"]

_BODY_MOST = 16 * 1024 * 1024
_OK = 200
_REDIRECTS = range(300, 400)

_log = logging.getLogger("rw_hooks.runware")


def backoff(tries: int, timings: Timings) -> float:
    """Return the seconds to wait after this many failed tries: doubling, bounded, and never in step with others."""
    return pause(tries, first=timings.backoff_first, most=timings.backoff_most, jitter=0.5)


class RestApi:
    """Runware's REST endpoint.

    Args:
        endpoint: Where it is, and the key.
        timings: How long to wait for what.

    Raises:
        MissingError: The key holds a character that no key has.
    """

    def __init__(self, endpoint: Endpoint, timings: Timings) -> None:
        require_sendable(endpoint.key, "RUNWARE_API_KEY")
        self._url = endpoint.rest_url
        self._key = endpoint.key
        self._timings = timings
        self._client = open_client(
            read_seconds=timings.rest_read,
            headers={
                "Authorization": f"Bearer {endpoint.key.get_secret_value()}",
                "Content-Type": "application/json",
            },
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def post(self, task: Mapping[str, object], deadline: Deadline) -> tuple[Event, ...]:
        """Send one task once and return what comes back."""
        limit = deadline.within(self._timings.rest_read)
        try:
            # The same ASCII bytes as over WebSocket, whatever a file's name is made of.
            content = json.dumps([task]).encode()
            with self._client.stream("POST", self._url, content=content, timeout=max(limit.left, 0.001)) as response:
                body = _read(response, limit)
                return self._events(response, body)
        except TimeoutException:
            return (Fault(code="timeout", message=f"no answer within {self._timings.rest_read:g} seconds"),)
        except (HTTPError, InvalidURL, OSError) as error:
            return (Fault(code="connectionFailed", message=f"no connection to {self._url} ({reason(error)})"),)

    def ask(self, task: Mapping[str, object], deadline: Deadline) -> tuple[Event, ...]:
        """Send a task that changes nothing until it is answered.

        Raises:
            RefusedError: Runware refused.
            UnreachableError: It gave no answer before the deadline.
        """
        tries = 0
        while True:
            events = self.post(task, deadline)
            fault = next((event for event in events if isinstance(event, Fault)), None)
            if fault is None:
                return events
            error = to_error(fault)
            tries += 1
            wait = max(backoff(tries, self._timings), fault.retry_after or 0.0)
            if not error.retryable or wait >= deadline.left:
                raise error
            _log.info("%s: %s; again in %.1f s", task["taskType"], error.message, wait)
            time.sleep(wait)

    def _events(self, response: Response, body: bytes | None) -> tuple[Event, ...]:
        status = response.status_code
        events = None if body is None else _parse(body.replace(self._key.get_secret_value().encode(), b"[removed]"))
        if status == _OK and events is not None:
            return events
        if status == _OK or (events is None and _is_cut_off(body)):
            return (Fault(code="unreadableReply", message="the answer is not what the API sends"),)
        retry_after = _seconds(response.headers.get("Retry-After"))
        faults = [event for event in events or () if isinstance(event, Fault)] or [Fault(message=_reason(status))]
        known = [dataclasses.replace(fault, http_status=status, retry_after=retry_after) for fault in faults]
        return (*known, *(event for event in events or () if not isinstance(event, Fault)))


def _is_cut_off(body: bytes | None) -> bool:
    """Whether the body was to be JSON: of a status alone, without its error, nothing can be concluded."""
    return body is None or body.lstrip()[:1] in {b"{", b"["}


def _reason(status: int) -> str:
    if status in _REDIRECTS:
        return f"HTTP status {status}: the address redirects; correct RUNWARE_API_URL"
    return f"HTTP status {status}"


def _read(response: Response, limit: Deadline) -> bytes | None:
    """Return the body, or None where it is larger or slower than any answer."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _BODY_MOST or limit.passed:
            return None
    return bytes(body)


def _parse(body: bytes) -> tuple[Event, ...] | None:
    """Read one JSON document, or failing that one a line."""
    events = parse(body)
    return tuple(_lines(body)) or None if events is None else events


def _lines(body: bytes) -> Iterator[Event]:
    for line in body.splitlines():
        yield from parse(line) or ()


def _seconds(header: str | None) -> float | None:
    """Read Retry-After, which is a number of seconds or a date; anything else counts as absent."""
    if not header:
        return None
    if header.isascii() and header.strip().isdecimal():
        return float(header[:12])
    try:
        moment = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
