"""What a publication becomes next, without any effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.describe import Description
from rw_hooks.errors import ArtifactError, RefusedError, UnreachableError
from rw_hooks.hosts import Location
from rw_hooks.publication import policy
from rw_hooks.publication.model import STAGE_NAMES
from rw_hooks.publication.policy import Update
from rw_hooks.publication.receipt import Receipt
from rw_hooks.publication.results import Registered, Results
from rw_hooks.publication.store import Key, Row

FIELDS: dict[str, Any] = {"taskType": "modelUpload", "air": "a:1@1", "category": "lora", "name": "n"}
DESCRIBED = Description(fields=FIELDS, sources={})
VALUES: dict[str, Any] = {
    "inspect": Inspection(path="f", size=1, valid=True, sha256="a" * 64, category="lora"),
    "describe": DESCRIBED,
    "host": Location(host="dir:///x", url="https://x/f", access="public"),
    "preflight": Location(host="", url="", access="public"),
    "register": Registered(air="a:1@1", transport="ws", phases=(), fields=FIELDS, url="https://x/f"),
    "settle": Receipt(air="a:1@1", sha256="a" * 64, size=1, endpoint="e", url="u", host="h", phases=(), seconds={},
                      model=FIELDS, at="now"),
}  # fmt: skip
BAD = Finding(code="broken", severity="error", message="it is broken")
LATER = "2030-01-01T00:00:00.000+00:00"
ROW = Row(
    id="r", key=Key("a" * 64, "", "e", "f"), path="f", held="f", status="pending", air=None, live=False, asked=0,
    options={}, facts={}, error=None, expires_at=LATER, machine="m", created_at="", updated_at="",
)  # fmt: skip


def results(*stages: str) -> Results:
    found = Results({})
    for stage in stages:
        found = found.having(stage, VALUES[stage], 0.0)
    return found


ALL = results(*STAGE_NAMES)


def plan(row, found, intent="proceed", host=None):
    return policy.plan(row, found, intent, host=host, expires_at=LATER)


def test_what_was_interrupted_just_goes_on():
    assert plan(ROW, results("inspect", "describe")) is None


def test_what_is_asked_for_again_is_described_anew_and_keeps_what_was_hosted_and_registered():
    change = plan(replace(ROW, asked=1, status="failed"), results("inspect", "describe", "host"))
    assert (change.status, set(change.forget), change.begun) == ("pending", {"describe", "settle"}, 1)


@pytest.mark.parametrize("host", ["dir:///x", "dir:///x/", None])
def test_the_same_host_is_kept(host):
    assert "host" not in plan(replace(ROW, asked=1), results("inspect", "host"), host=host).forget


def test_another_host_begins_with_the_upload():
    change = plan(replace(ROW, asked=1), results("inspect", "describe", "host"), host="dir:///y")
    assert set(change.forget) == set(STAGE_NAMES[1:])


def test_what_is_live_keeps_its_place_whatever_host_is_asked_for():
    change = plan(replace(ROW, asked=1, status="failed", live=True), results("inspect", "host"), host="dir:///y")
    assert "host" not in change.forget


def test_what_is_live_and_has_no_place_is_hosted():
    live = replace(ROW, live=True)
    assert policy.is_due("host", live, results("inspect"))
    assert not policy.is_due("preflight", live, results("inspect", "host"))


@pytest.mark.parametrize("expires_at", [None, "2031-01-01T00:00:00.000+00:00"])
def test_a_time_that_is_not_known_or_cannot_be_right_is_set_anew(expires_at):
    change = plan(replace(ROW, expires_at=expires_at), results("inspect"))
    assert (change.status, change.expires_at) == (None, LATER)


def test_what_lacks_nothing_but_the_word_ready_is_done():
    assert policy.is_done(ROW, ALL)
    assert not policy.is_done(ROW, ALL.without(("settle",)))
    assert not policy.is_done(replace(ROW, status="failed"), ALL)


def test_an_update_leaves_what_was_asked_for_meanwhile():
    assert plan(replace(ROW, status="ready", live=True, asked=1), ALL, Update(DESCRIBED)).begun == 0


def test_a_bad_artifact_keeps_no_secret():
    bad = Inspection(path="f", size=1, valid=False, sha256="a" * 64, category="lora", findings=(BAD,))
    change = policy.enrolled(bad, 0.0, {"host": "https://x/?s=1"}, LATER)
    assert (change.status, change.secrets) == ("failed", {})


def test_what_another_model_took_the_place_of_begins_anew():
    change = plan(replace(ROW, asked=1, status="superseded"), ALL)
    assert change.forget_submission
    assert set(change.forget) == set(STAGE_NAMES[1:])


def test_a_failed_one_goes_on_only_when_that_is_asked_for():
    failed = replace(ROW, status="failed", error={"exit_code": 5})
    assert plan(failed, results("inspect")) is None
    assert plan(failed, results("inspect"), "retry").status == "pending"


@pytest.mark.parametrize("intent", ["proceed", "retry"])
def test_a_bad_artifact_is_not_tried_again(intent):
    bad = replace(ROW, status="failed", error={"exit_code": ArtifactError.exit_code})
    assert plan(bad, results("inspect"), intent) is None
    unread = replace(ROW, key=replace(ROW.key, sha256=""), status="failed", error={"exit_code": 2})
    assert plan(unread, results(), intent) is None


def test_an_update_of_what_is_live_fetches_nothing():
    live = replace(ROW, status="ready", live=True)
    change = plan(live, ALL, Update(DESCRIBED))
    left = ALL.without(change.forget)
    assert [stage for stage in STAGE_NAMES if policy.is_due(stage, live, left)] == ["register", "settle"]


def test_an_update_of_what_is_not_known_to_be_live_is_checked_at_its_url():
    change = plan(ROW, ALL, Update(DESCRIBED))
    left = ALL.without(change.forget)
    assert [stage for stage in STAGE_NAMES if policy.is_due(stage, ROW, left)] == ["preflight", "register", "settle"]


def test_what_is_ready_is_registered_again_only_where_it_differs():
    ready = replace(ROW, status="ready", live=True, asked=1)
    assert policy.is_to_be_compared(ready, ALL)
    assert policy.renewed(ready, ALL, DESCRIBED, LATER).status is None
    other = DESCRIBED.model_copy(update={"fields": {**FIELDS, "name": "m"}})
    assert policy.renewed(ready, ALL, other, LATER).status == "pending"
    with pytest.raises(RefusedError, match="cannot be changed to vae"):
        policy.renewed(ready, ALL, DESCRIBED.model_copy(update={"fields": {**FIELDS, "category": "vae"}}), LATER)


def test_a_description_that_differs_makes_an_older_registration_wrong():
    other = DESCRIBED.model_copy(update={"fields": {**FIELDS, "name": "m"}})
    found = results("inspect", "host", "preflight", "register")
    assert policy.after_success("describe", ROW, found, DESCRIBED, 0.0).forget == ()
    assert set(policy.after_success("describe", ROW, found, other, 0.0).forget) == {"register", "settle"}


def test_the_last_stage_makes_it_ready_whichever_that_is():
    for last in STAGE_NAMES[1:]:
        before = ALL.without((last,))
        change = policy.after_success(last, ROW, before, VALUES[last], 0.0)
        assert (change.status == "ready") == ("settle" not in change.forget)


@pytest.mark.parametrize(
    ("stage", "error", "status", "forgotten", "submission"),
    [
        ("host", UnreachableError("x", "away"), "pending", (), False),
        ("preflight", RefusedError("x", "no"), "failed", ("host", "preflight", "register", "settle"), False),
        ("preflight", UnreachableError("x", "away"), "pending", (), False),
        ("register", RefusedError("x", "no"), "failed", (), True),
        ("register", UnreachableError("x", "away"), "pending", (), False),
    ],
)
def test_after_a_failure_the_next_attempt_begins_where_it_can_succeed(stage, error, status, forgotten, submission):
    change = policy.after_failure(stage, error)
    assert (change.status, change.forget, change.forget_submission) == (status, forgotten, submission)
    assert set(change.only_from) == {"pending"}


@pytest.mark.parametrize(
    ("given_out", "listed", "remembered", "expected"),
    [
        ([], [], None, "a:1@1"),
        (["a:1@1", "a:1@4"], ["a:1@2"], None, "a:1@5"),
        ([], ["a:1@9", "a:1@beta"], None, "a:1@10"),
        (["a:1@1"], ["a:1@1", "a:1@3"], "a:1@3", "a:1@3"),
        (["a:1@3"], [], "a:1@3", "a:1@4"),
    ],
)
def test_the_next_version(given_out, listed, remembered, expected):
    assert policy.next_air("a:1@", given_out=given_out, listed=listed, remembered=remembered) == expected
