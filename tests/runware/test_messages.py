"""What each known text from Runware means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rw_hooks.runware.messages import (
    Accepted,
    AccountDetails,
    Authenticated,
    Fault,
    Found,
    Pong,
    Status,
    parse,
)

U = "b92ea202-349f-4560-adae-abb55a8146ee"


def own(text):
    return text.replace("$U", U)


def item(**values):
    return json.dumps({"data": [values]})


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (item(taskType="modelUpload", taskUUID=U, status="validated", message="Model parameters.", air="runware:2@1"),
         (Status(U, "validated", "Model parameters.", "runware:2@1"),)),
        (item(taskUUID=U, status="ready"), (Status(U, "ready"),)),
        (item(taskType="modelUpload", taskUUID=U.upper(), status="stored"), (Status(U, "stored"),)),
        (item(taskType="modelUpload", taskUUID="N/A", status="failed"), (Status(None, "failed"),)),
        (item(taskType="modelUpload", taskUUID=U), (Accepted(U),)),
        (item(taskType="modelUpload", taskUUID=U, status="processing", progress=3), (Status(U, "processing"),)),
        (item(taskType="authentication", connectionSessionUUID="S"), (Authenticated("S"),)),
        (item(taskType="authentication"), (Authenticated(None),)),
        (item(taskType="ping", pong=True), (Pong(),)),
        (item(pong=True), (Pong(),)),
        (item(taskType="modelSearch", taskUUID=U, totalResults=1, results=[{"air": "a:1@1"}, 3]),
         (Found(({"air": "a:1@1"},), 1),)),
        (item(taskType="modelSearch", taskUUID=U), (Found((), None),)),
        (item(taskType="accountManagement", AIRSource="myorg", balance=1.5, organizationName="Org"),
         (AccountDetails("myorg", 1.5, "Org"),)),
        (item(taskType="accountManagement", balance={"currency": "USD", "amount": "2.25"}),
         (AccountDetails(None, 2.25, None),)),
        (item(taskType="accountManagement", balance={"USD": 7}), (AccountDetails(None, 7.0, None),)),
        (item(taskType="accountManagement", balance={}), (AccountDetails(None, None, None),)),
        (item(taskType="accountManagement", balance=True), (AccountDetails(None, None, None),)),
        ('{"data": [{"taskType": "accountManagement", "balance": NaN}]}', (AccountDetails(None, None, None),)),
        (item(taskType="imageInference", taskUUID=U, imageURL="x"), ()),
        (own('{"data": {"taskUUID": "$U", "status": "ready"}}'), (Status(U, "ready"),)),
        (own('[{"taskUUID": "$U", "status": "ready"}]'), (Status(U, "ready"),)),
        ('{"data": [1, null, "x", [], {}]}', ()),
        ("{}", ()),
        ("null", ()),
        ('"text"', ()),
        ("7", ()),
        ("", None),
        ("<html>", None),
        ('{"data": [', None),
        (b"\xff\xfe\x00\x01", None),
        ("[" * 200_000, None),
        ("9" * 10_000, None),
    ],
)  # fmt: skip
def test_a_text_gives_exactly_its_events(text, events):
    assert parse(text) == events


@pytest.mark.parametrize(
    "text",
    [
        own('{"errors": [{"code": "c", "message": "m", "taskUUID": "$U"}]}'),
        own('{"errors": {"code": "c", "message": "m", "taskUUID": "$U"}}'),
        own('{"data": [], "errors": [{"code": "c", "message": "m", "taskUUID": "$U"}]}'),
        own('{"error": {"code": "c", "message": "m"}, "taskUUID": "$U"}'),
        own('{"error": [{"code": "c", "message": "m"}], "taskUUID": "$U"}'),
        own('{"data": [{"status": "error", "taskUUID": "$U", "error": {"code": "c", "message": "m"}}]}'),
        own('{"data": [{"taskUUID": "$U", "code": "c", "message": "m"}]}'),
    ],
)
def test_an_error_is_the_same_in_every_envelope(text):
    assert parse(text) == (Fault(task=U, code="c", message="m"),)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"error": true, "errorId": 19, "errorMessage": "Invalid api key"}', Fault(message="Invalid api key")),
        ('{"errors": ["no"]}', Fault(message="no")),
        ('{"error": "no"}', Fault(message="no")),
        ('{"data": [{"status": "error", "error": "no"}]}', Fault(message="no")),
        ('{"errors": [{"code": 19, "message": null, "taskUUID": "n/a"}]}', Fault(code="19")),
    ],
)
def test_odd_errors_are_errors(text, fault):
    assert parse(text) == (fault,)


def test_all_that_an_error_tells_is_kept():
    error = {
        "code": "invalidSteps", "message": "too many", "parameter": ["defaultSteps", "category"], "type": "integer",
        "min": 1, "max": 100, "allowedValues": ["a", 2], "documentation": "https://runware.ai/docs",
        "taskType": "modelUpload", "taskUUID": U,
    }  # fmt: skip
    assert parse(json.dumps({"errors": [error]})) == (
        Fault(
            task=U,
            code="invalidSteps",
            message="too many",
            task_type="modelUpload",
            parameters=("defaultSteps", "category"),
            allowed=("a", "2"),
            more=(("min", "1"), ("max", "100"), ("documentation", "https://runware.ai/docs")),
        ),
    )


def test_errors_and_data_of_one_frame_are_both_read():
    text = json.dumps({"errors": [{"code": "c"}], "data": [{"taskUUID": U, "status": "ready"}]})
    assert parse(text) == (Fault(code="c"), Status(U, "ready"))


@pytest.mark.parametrize(
    ("status", "ready", "failed"),
    [
        ("validated", False, False),
        ("downloaded", False, False),
        ("optimized", False, False),
        ("stored", False, False),
        ("ready", True, False),
        ("failed", False, True),
        ("error downloading", False, True),
        ("Error", False, True),
        ("anything new", False, False),
        ("success", False, False),
    ],
)
def test_which_statuses_end_an_upload(status, ready, failed):
    assert (Status(None, status).ready, Status(None, status).failed) == (ready, failed)


def test_texts_are_made_fit_to_show_and_store():
    message = "no: https://u:pw@cdn.example/f?X-Amz-Signature=abc\n\x1b[31mred \ud800 " + "x" * 10_000
    (status,) = parse(item(taskUUID=U, status="failed", message=message))
    assert "pw" not in status.message
    assert "Signature" not in status.message
    assert status.message.isprintable()
    assert len(status.message.encode()) < 2_100


def test_a_frame_of_countless_items_is_read_to_a_bound():
    many = [{"taskUUID": U, "status": "stored"}] * 50_000
    assert len(parse(json.dumps({"data": many, "errors": [{"code": "c"}] * 50_000}))) == 2_000


KEYS = (
    "data", "errors", "error", "taskType", "taskUUID", "status", "message", "air", "code", "results", "parameter",
    "balance", "allowedValues", "errorMessage", "errorId", "pong", "connectionSessionUUID", "totalResults",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_no_json_whatever_breaks_the_reader(value):
    for event in parse(json.dumps(value)):
        if isinstance(event, Status | Fault):
            assert event.task is None or event.task.isprintable()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_whatever_breaks_the_reader(text):
    assert parse(text) is None or isinstance(parse(text), tuple)
