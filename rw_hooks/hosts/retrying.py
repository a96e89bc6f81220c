"""Requests to hosts: repeated after temporary errors, within a deadline, with answers of limited size.

Use it only for requests that can be repeated without harm. ``Retry-After`` is obeyed up to a limit, because a server
may ask for an hour.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.support import http
from rw_hooks.support.backoff import pause
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import redact_url

__all__ = ["PAUSE_MAX", "Answer", "may_pass", "pause_before", "send", "unreachable"]

PAUSE_MAX = 20.0
_ANSWER_BYTES_MAX = 4_000_000
_REQUEST_TIMEOUT = 408
_TOO_MANY = 429
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Answer:
    """A server's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def may_pass(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status in {_REQUEST_TIMEOUT, _TOO_MANY} or status >= _SERVER_ERROR


def pause_before(attempt: int, retry_after: str | None = None) -> float:
    """Return the seconds to wait before the attempt of this number (the first is 1), never above :data:`PAUSE_MAX`.

    After ``Retry-After: 0`` there is a pause too, because otherwise the server would be asked without any pause.
    """
    ours = pause(attempt, first=0.5, most=PAUSE_MAX, jitter=0.25)
    if retry_after is not None and retry_after.strip().isdecimal():
        return min(max(float(retry_after), ours), PAUSE_MAX)
    return ours


def send(  # noqa: PLR0913 - a request has these parts
    client: http.Client,
    method: str,
    url: str,
    *,
    deadline: Deadline,
    headers: Mapping[str, str] | None = None,
    content: Mapping[str, object] | None = None,
    form: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send a request until its answer is final.

    Args:
        client: The client to use.
        method: The HTTP method.
        url: The URL.
        deadline: When to give up.
        headers: More headers.
        content: The body to send as JSON.
        form: The body to send form-encoded.
        body: The body to send unchanged.

    Raises:
        UnreachableError: The server was unreachable, slow or failing until the deadline.
    """
    attempt = 0
    while True:
        attempt += 1
        retry_after = None
        try:
            answer = _once(client, method, url, deadline, headers=headers, json=content, data=form, content=body)
        except (http.HTTPError, TimeoutError) as error:
            trouble = unreachable(url, http.reason(error))
        except (http.InvalidURL, UnicodeError):
            raise unreachable(url, "not a URL") from None
        else:
            if not may_pass(answer.status):
                return answer
            retry_after = answer.headers.get("retry-after")
            trouble = unreachable(url, f"HTTP {answer.status}")
        seconds = pause_before(attempt, retry_after)
        if seconds >= deadline.left:
            raise trouble
        time.sleep(seconds)


def unreachable(url: str, reason: str) -> RwHooksError:
    """Return the error for a server that is unreachable, slow or failing."""
    return UnreachableError(
        "host_unreachable",
        f"{redact_url(url)} gave no usable answer ({reason})",
        hint="nothing is lost; run 'rw-hooks resume' to continue; if you need a proxy, set HTTPS_PROXY",
    )


def _once(client: http.Client, method: str, url: str, deadline: Deadline, **parts: Any) -> Answer:  # noqa: ANN401 - passed on
    body = bytearray()
    with client.stream(method, url, timeout=http.limits_within(client, deadline.left), **parts) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _ANSWER_BYTES_MAX:
                break
            if deadline.passed:
                raise TimeoutError
        return Answer(response.status_code, response.headers, bytes(body))
