"""The error for each refusal of the Hub: one table for our own requests and for those of the Hub's client."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from rw_hooks.errors import RefusedError, RwHooksError, UnreachableError
from rw_hooks.hosts.retrying import may_pass
from rw_hooks.support.redact import redact

__all__ = ["refusal"]

_MESSAGE_MAX = 300


@dataclass(frozen=True)
class _Meaning:
    kind: type[RwHooksError]
    code: str
    says: str
    hint: str


_NEW_KEY = "set HF_TOKEN to a token with write permission: https://huggingface.co/settings/tokens"
_OTHER = _NEW_KEY + "; or name a repository of yours with --host hf://user/repo"
_ROOM = "free space at https://huggingface.co/settings/billing, or host the file elsewhere with --host"
_RESUME = "nothing is lost; run 'rw-hooks resume' to continue"
_MEANINGS = {
    401: _Meaning(RefusedError, "hub_token_refused", "does not accept the token", _NEW_KEY),
    402: _Meaning(RefusedError, "hub_no_room", "requires payment for more storage", _ROOM),
    403: _Meaning(RefusedError, "hub_forbidden", "does not allow it", _OTHER),
    404: _Meaning(RefusedError, "hub_not_found", "does not have it, or the token may not see it", _OTHER),
    409: _Meaning(UnreachableError, "hub_conflict", "is busy with another change to it", _RESUME),
    412: _Meaning(UnreachableError, "hub_conflict", "received another commit in the meantime", _RESUME),
    413: _Meaning(
        RefusedError, "hub_too_large", "does not accept a file of this size", "host it elsewhere with --host"
    ),
}
_REFUSED = _Meaning(
    RefusedError, "hub_refused", "refused the request", "name another repository with --host hf://user/repo"
)
_FAILING = _Meaning(UnreachableError, "hub_unreachable", "is unreachable, slow or failing", _RESUME)
_FULL = _Meaning(RefusedError, "hub_no_room", "has no more room for it", _ROOM)
_FULL_WORDS = ("storage limit", "quota", "storage space", "payment required")


def refusal(status: int | None, message: str, *, what: str, token: SecretStr) -> RwHooksError:
    """Return the error for a refusal of the Hub.

    Args:
        status: The HTTP status; None if there was no answer.
        message: The Hub's own message.
        what: What the request was about: a repository's name, a URL.
        token: The token, which is removed from the Hub's message.
    """
    meaning = _meaning(status, message.lower())
    words = " ".join(redact(message, token.get_secret_value()).split())[:_MESSAGE_MAX]
    details = {} if status is None else {"http_status": status}
    said = f"{what}: the Hugging Face Hub {meaning.says}" + (f" ({words})" if words else "")
    return meaning.kind(meaning.code, said, hint=meaning.hint, details=dict(details))


def _meaning(status: int | None, words: str) -> _Meaning:
    if status is None or may_pass(status):
        return _FAILING
    if any(word in words for word in _FULL_WORDS):
        return _FULL
    return _MEANINGS.get(status, _REFUSED)
