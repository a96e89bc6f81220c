"""From Runware's errors to our errors, and what fixes each.

The codes and their classes are those of ``runware-sdk`` 1.8.0 (its ``errors.py``), in its order; Runware says itself
that codes and messages vary, so an unknown code falls back to its message, then to the HTTP status. Four deviations,
because this is about uploads: ``timeout`` matches in any case (the docs' own example is ``timeoutProvider``);
``downloadFailed`` is no passing trouble (a private or wrong URL); ``uploadFailed``, ``processingFailed``,
``taskFailed`` and ``inferenceError`` say what the status ``failed`` says; ``conflictTaskUUID`` means "already taken".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rw_hooks.errors import ConflictError, RefusedError, RwHooksError, UnreachableError
from rw_hooks.runware.messages import Fault
from rw_hooks.runware.model_upload import option_of

__all__ = ["KEY_HINT", "is_about_key", "kind_of", "to_error"]

KEY_HINT = "check RUNWARE_API_KEY against https://my.runware.ai/keys; 'rw-hooks doctor' tests it"
_SHOWN_VALUES_MOST = 40


@dataclass(frozen=True)
class _Kind:
    """A class of platform errors: our code, our exception, the fix."""

    code: str
    error: type[RwHooksError]
    hint: str


_LATER = "nothing is lost; run 'rw-hooks resume' to try again"
_KINDS = {
    kind.code: kind
    for kind in (
        _Kind("conflict_task_uuid", ConflictError, "run 'rw-hooks resume' to find out whether the upload was accepted"),
        _Kind("model_already_exists", ConflictError, "give another AIR with --air, or a new version of this AIR"),
        _Kind("air_not_owned", RefusedError, "give an AIR with your own source in --air; run 'rw-hooks doctor' "
                                             "to see your source"),
        _Kind("download_failed", RefusedError,
              "check that anyone can download the file at its URL: it must be public, or signed and not expired"),
        _Kind("upload_failed", RefusedError,
              "check the file and --architecture, which are the most frequent causes, then publish again"),
        _Kind("insufficient_credits", RefusedError,
              "an upload needs a positive balance: add credit at https://my.runware.ai, then run 'rw-hooks resume'"),
        _Kind("rate_limited", UnreachableError, _LATER),
        _Kind("content_refused", RefusedError, "change the name, description, tags or image that Runware "
                                               "refused, then publish again"),
        _Kind("unauthorized", RefusedError, KEY_HINT),
        _Kind("forbidden", RefusedError, "give the key this permission at https://my.runware.ai/keys, or use "
                                         "another key"),
        _Kind("timeout", UnreachableError, _LATER),
        _Kind("not_found", RefusedError, "check --air, RUNWARE_API_URL and RUNWARE_WS_URL, then publish again"),
        _Kind("unreachable", UnreachableError,
              "nothing is lost; check the network and the proxy settings, then run 'rw-hooks resume'"),
        _Kind("platform_failure", UnreachableError, _LATER),
        _Kind("invalid_request", RefusedError, "correct what the message names, then publish again"),
        _Kind("refused", RefusedError, "remove the cause, then publish again"),
    )
}  # fmt: skip

# First match wins. Patterns are matched without regard to case.
_CODES = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"conflictTaskUUID", "conflict_task_uuid"),
        (r"modelAlreadyExists", "model_already_exists"),
        (r"modelOwnershipValidationError", "air_not_owned"),
        (r"downloadFailed", "download_failed"),
        (r"(upload|processing|task)Failed|inferenceError", "upload_failed"),
        (r"connectionFailed|notConnected|notOpen|reconnectionFailed|connectionLost|disconnected", "unreachable"),
        (r".*(credits|quota|balance).*|paymentRequired|environmentPaused", "insufficient_credits"),
        (r".*rateLimit.*|tooManyRequests", "rate_limited"),
        (r"contentPolicyViolation|(prompt|image)Blocked|moderationFailed|nsfwContentDetected", "content_refused"),
        (r"forbidden|permissionDenied|insufficientPermissions", "forbidden"),
        ((r".*apiKey.*|unauthorized|authenticationFailed|authFailed|authTimeout|invalid(Authentication|Credentials)"
         r"|missingAuthentication|token(Expired|Invalid|Missing|Revoked)"
         r"|(account|organization|workspace)(Suspended|Disabled)"), "unauthorized"),
        (r".*timeout.*", "timeout"),
        (r".*(NotFound|Expired)|taskCancelled|unknownModel", "not_found"),
        ((r"internalServerError|serviceUnavailable|serverUnavailable|standardError|unknownError|undefinedError"
         r"|defaultError|unrecognizedResponse|unreadableReply|errorRetrieving.*|noAvailableServer"
         r"|model(Unavailable|Disabled|NotReady)|mediaStorageFileCouldNotBeMoved|provider.*"), "platform_failure"),
        ((r"(invalid|missing|conflict|duplicate|unsupported|value|array|max).*|.*conflict.*|unknownParameter"
         r"|incompatibleParameters|validationFailed"), "invalid_request"),
    )
)  # fmt: skip
_MESSAGES = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"api key", "unauthorized"),
        (r"insufficient (credit|fund|balance)|positive balance", "insufficient_credits"),
        (r"rate limit|too many requests", "rate_limited"),
    )
)
_STATUSES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "invalid_request",
    429: "rate_limited",
}
_SERVER_FAILURES = 500


def kind_of(fault: Fault) -> str:
    """Return our code for Runware's error, such as ``insufficient_credits``; ``refused`` if it is unknown."""
    for pattern, kind in _CODES:
        if pattern.fullmatch(fault.code):
            return kind
    for pattern, kind in _MESSAGES:
        if pattern.search(fault.message):
            return kind
    if fault.http_status is None:
        return "refused"
    if fault.http_status >= _SERVER_FAILURES:
        return "platform_failure"
    return _STATUSES.get(fault.http_status, "refused")


def is_about_key(fault: Fault) -> bool:
    """Whether the key itself was refused, so that nothing sent with it can succeed."""
    return kind_of(fault) == "unauthorized"


def to_error(fault: Fault) -> RwHooksError:
    """Return the error to raise for Runware's error: with its own message, what fixes it, and the allowed values."""
    kind = _KINDS[kind_of(fault)]
    words = fault.message or fault.code or "no reason given"
    about = f" ({', '.join(fault.parameters)})" if fault.parameters else ""
    return kind.error(
        kind.code,
        f"{_opening(kind)}: {words}{about}",
        hint=_hint(fault, kind),
        details=_details(fault),
    )


def _opening(kind: _Kind) -> str:
    if kind.code == "unreachable":
        return "Runware cannot be reached"
    return "Runware could not do this now" if kind.error.retryable else "Runware refused"


def _hint(fault: Fault, kind: _Kind) -> str:
    if kind.code != "invalid_request":
        return kind.hint
    options = [entry for entry in map(option_of, fault.parameters) if entry is not None]
    fix = f"correct {' and '.join(entry.flag for entry in options)}, then publish again" if options else kind.hint
    shown = ", ".join(fault.allowed[:_SHOWN_VALUES_MOST])
    return f"{fix}; allowed values: {shown}" if shown else fix


def _details(fault: Fault) -> dict[str, object]:
    details: dict[str, object] = dict(fault.more)
    if fault.code:
        details["platformCode"] = fault.code
    if fault.parameters:
        details["parameter"] = list(fault.parameters)
    if fault.allowed:
        details["allowedValues"] = list(fault.allowed)
    return details
