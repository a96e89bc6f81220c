"""Which of our errors each of the platform's is."""

from __future__ import annotations

import pytest

from rw_hooks.errors import ConflictError, RefusedError, UnreachableError
from rw_hooks.runware.errors import is_about_key, kind_of, to_error
from rw_hooks.runware.messages import Fault

CODES = [
    ("insufficientCredits", "insufficient_credits", RefusedError),
    ("quotaExceeded", "insufficient_credits", RefusedError),
    ("notEnoughBalance", "insufficient_credits", RefusedError),
    ("paymentRequired", "insufficient_credits", RefusedError),
    ("environmentPaused", "insufficient_credits", RefusedError),
    ("rateLimitExceeded", "rate_limited", UnreachableError),
    ("modelRateLimited", "rate_limited", UnreachableError),
    ("contentPolicyViolation", "content_refused", RefusedError),
    ("nsfwContentDetected", "content_refused", RefusedError),
    ("invalidApiKey", "unauthorized", RefusedError),
    ("missingApiKey", "unauthorized", RefusedError),
    ("tokenExpired", "unauthorized", RefusedError),
    ("organizationSuspended", "unauthorized", RefusedError),
    ("forbidden", "forbidden", RefusedError),
    ("insufficientPermissions", "forbidden", RefusedError),
    ("timeout", "timeout", UnreachableError),
    ("timeoutProvider", "timeout", UnreachableError),
    ("requestTimeout", "timeout", UnreachableError),
    ("taskNotFound", "not_found", RefusedError),
    ("linkExpired", "not_found", RefusedError),
    ("unknownModel", "not_found", RefusedError),
    ("internalServerError", "platform_failure", UnreachableError),
    ("serviceUnavailable", "platform_failure", UnreachableError),
    ("noAvailableServer", "platform_failure", UnreachableError),
    ("modelNotReady", "platform_failure", UnreachableError),
    ("providerError", "platform_failure", UnreachableError),
    ("connectionLost", "unreachable", UnreachableError),
    ("downloadFailed", "download_failed", RefusedError),
    ("uploadFailed", "upload_failed", RefusedError),
    ("processingFailed", "upload_failed", RefusedError),
    ("invalidArchitecture", "invalid_request", RefusedError),
    ("missingDownloadURL", "invalid_request", RefusedError),
    ("unknownParameter", "invalid_request", RefusedError),
    ("unsupportedCategory", "invalid_request", RefusedError),
    ("valueTooLarge", "invalid_request", RefusedError),
    ("modelOwnershipValidationError", "air_not_owned", RefusedError),
    ("modelAlreadyExists", "model_already_exists", ConflictError),
    ("conflictTaskUUID", "conflict_task_uuid", ConflictError),
    ("somethingNobodyKnows", "refused", RefusedError),
    ("", "refused", RefusedError),
]


@pytest.mark.parametrize(("code", "ours", "kind"), CODES)
def test_each_code_has_its_class_a_hint_and_the_platforms_words(code, ours, kind):
    error = to_error(Fault(code=code, message="as it said"))
    assert (error.code, type(error)) == (ours, kind)
    assert error.hint
    assert "as it said" in error.message
    assert error.details.get("platformCode", "") == code


@pytest.mark.parametrize(
    ("message", "ours"),
    [
        ("Invalid api key", "unauthorized"),
        ("You need a positive balance", "insufficient_credits"),
        ("Too many requests", "rate_limited"),
        ("no idea", "refused"),
    ],
)
def test_an_unknown_code_is_told_by_its_message(message, ours):
    assert kind_of(Fault(code="E17", message=message)) == ours


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (302, "refused"),
        (400, "invalid_request"),
        (401, "unauthorized"),
        (402, "insufficient_credits"),
        (403, "forbidden"),
        (404, "not_found"),
        (408, "timeout"),
        (409, "invalid_request"),
        (413, "refused"),
        (422, "refused"),
        (429, "rate_limited"),
        (500, "platform_failure"),
        (504, "platform_failure"),
        (524, "platform_failure"),
    ],
)
def test_without_a_known_code_the_status_tells(status, ours):
    assert kind_of(Fault(message="?", http_status=status)) == ours
    assert kind_of(Fault(code="invalidSteps", http_status=status)) == "invalid_request"


def test_only_a_refused_key_is_about_the_key():
    assert is_about_key(Fault(code="invalidApiKey"))
    assert not is_about_key(Fault(code="forbidden"))


def test_a_refused_field_names_its_option_and_the_values_it_may_have():
    fault = Fault(
        code="invalidType", message="no", parameters=("type", "somethingElse"), allowed=("base", "inpainting")
    )
    error = to_error(fault)
    assert "--type" in error.hint
    assert "base, inpainting" in error.hint
    assert error.as_json()["allowedValues"] == ["base", "inpainting"]
    assert error.as_json()["parameter"] == ["type", "somethingElse"]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("insufficientCredits", "positive balance"),
        ("invalidApiKey", "RUNWARE_API_KEY"),
        ("modelOwnershipValidationError", "--air"),
        ("downloadFailed", "public, or signed and not expired"),
    ],
)
def test_the_hint_says_what_fixes_it(code, hint):
    assert hint in to_error(Fault(code=code)).hint
