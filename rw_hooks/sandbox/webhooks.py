"""Posting a result to a ``webhookURL``, again until it is accepted (2xx), as the founding documentation says."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event

from rw_hooks.sandbox.world import Webhook
from rw_hooks.support import http

__all__ = ["post_webhook"]

_TRIES = 3
_PAUSE_SECONDS = 0.2


def post_webhook(url: str, body: Mapping[str, object], closing: Event) -> Webhook:
    """Post the body, at most three times, and return what came of it."""
    status: int | None = None
    with http.open_client(read_seconds=10.0) as client:
        for _ in range(_TRIES):
            try:
                response = client.post(url, json=body)
            except (http.HTTPError, http.InvalidURL):
                status = None
            else:
                status = response.status_code
                if response.is_success:
                    break
            if closing.wait(_PAUSE_SECONDS):
                break
    return Webhook(url, body, status)
