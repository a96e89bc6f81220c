from __future__ import annotations

from typing import Any

import pytest

from rw_hooks.architectures import ARCHITECTURES
from tests.sandbox.rawclient import Client, MakeClient

CHECKPOINT = {"category": "checkpoint", "type": "base"}


@pytest.mark.parametrize(
    ("changes", "code", "parameter"),
    [
        ({"category": None}, "missingParameter", "category"),
        ({"architecture": None}, "missingParameter", "architecture"),
        ({"format": None}, "missingParameter", "format"),
        ({"name": None}, "missingParameter", "name"),
        ({"version": None}, "missingParameter", "version"),
        ({"downloadURL": None}, "missingParameter", "downloadURL"),
        ({"category": "checkpoint"}, "missingParameter", "type"),
        ({"category": "embeddings"}, "missingParameter", "type"),
        ({"downloadUrl": "https://example.org/a"}, "unknownParameter", "downloadUrl"),
        ({"retry": 2}, "unknownParameter", "retry"),
        ({"format": "pickletensor"}, "invalidFormat", "format"),
        ({"category": "embeddings", "type": "base"}, "invalidType", "type"),
        ({"type": "base"}, "incompatibleParameters", ["type", "category"]),
        ({"defaultSteps": 20}, "incompatibleParameters", ["defaultSteps", "category"]),
        ({**CHECKPOINT, "defaultWeight": 1}, "incompatibleParameters", ["defaultWeight", "category"]),
        (
            {"category": "vae", "positiveTriggerWords": "a"},
            "incompatibleParameters",
            ["positiveTriggerWords", "category"],
        ),
        ({"positiveTriggerWords": ["a"]}, "invalidPositiveTriggerWords", "positiveTriggerWords"),
        ({"private": "yes"}, "invalidPrivate", "private"),
        ({**CHECKPOINT, "defaultSteps": 20.5}, "invalidDefaultSteps", "defaultSteps"),
        ({**CHECKPOINT, "defaultSteps": True}, "invalidDefaultSteps", "defaultSteps"),
        ({"downloadURL": "ftp://example.org/a"}, "invalidDownloadURL", "downloadURL"),
        ({"heroImageURL": "picture.png"}, "invalidHeroImageURL", "heroImageURL"),
        ({"tags": ["one", "one"]}, "invalidTags", "tags"),
        ({"tags": [1]}, "invalidTags", "tags"),
        ({"tags": ["x" * 401]}, "invalidTags", "tags"),
        ({"tags": [str(number) for number in range(101)]}, "invalidTags", "tags"),
        ({"air": "sandbox:1"}, "invalidAir", "air"),
        ({"air": "another:1@1"}, "modelOwnershipValidationError", "air"),
        ({"taskUUID": "1"}, "invalidTaskUUID", "taskUUID"),
        ({"taskType": "modelUpLoad"}, "invalidTaskType", "taskType"),
    ],
)
def test_a_wrong_field_is_named(client: Client, changes: dict[str, Any], code: str, parameter: object) -> None:
    errors = client.refusal(**changes)
    assert (code, parameter) in [(error["code"], error["parameter"]) for error in errors]
    assert not client.sandbox.world.models


@pytest.mark.parametrize(
    ("field", "bounds", "kind"),
    [
        ("defaultSteps", (1, 100), CHECKPOINT),
        ("defaultCFG", (0, 30), CHECKPOINT),
        ("defaultStrength", (0, 1), CHECKPOINT),
        ("defaultWeight", (-4, 4), {"category": "lora"}),
        ("defaultWeight", (-4, 4), {"category": "lycoris"}),
    ],
)
def test_numbers_hold_within_their_bounds(
    client: Client, field: str, bounds: tuple[int, int], kind: dict[str, Any]
) -> None:
    low, high = bounds
    for value in (low - 1, high + 1):
        (error,) = client.refusal(**kind, **{field: value})
        assert (error["parameter"], error["min"], error["max"]) == (field, low, high)
    for number, value in enumerate(bounds):
        assert client.post(client.task(air=f"sandbox:{number}@1", **kind, **{field: value})).status_code == 200


@pytest.mark.parametrize(("field", "low", "high"), [("shortDescription", 2, 40_000), ("comment", 2, 1_000)])
def test_texts_hold_within_their_lengths(client: Client, field: str, low: int, high: int) -> None:
    for length in (low - 1, high + 1):
        (error,) = client.refusal(**{field: "x" * length})
        assert (error["parameter"], error["min"], error["max"]) == (field, low, high)
    for number, length in enumerate((low, high)):
        assert client.post(client.task(air=f"sandbox:{number}@1", **{field: "x" * length})).status_code == 200


@pytest.mark.parametrize(
    ("changes", "parameter", "allowed"),
    [
        ({"architecture": "sdxl_typo"}, "architecture", list(ARCHITECTURES)),
        ({"category": "controlnet"}, "category", ["checkpoint", "lora", "lycoris", "vae", "embeddings"]),
        ({"category": "checkpoint", "type": "refiner"}, "type", ["base", "inpainting"]),
    ],
)
def test_a_refused_choice_shows_the_allowed_ones(
    client: Client, changes: dict[str, Any], parameter: str, allowed: list[str]
) -> None:
    (error,) = client.refusal(**changes)
    assert (error["parameter"], error["allowedValues"]) == (parameter, allowed)


def test_null_is_no_value(client: Client) -> None:
    task = client.task()
    task["comment"] = None
    (error,) = client.post(task).json()["errors"]
    assert (error["code"], error["parameter"]) == ("invalidComment", "comment")


@pytest.mark.parametrize(
    "changes",
    [
        {"deliveryMethod": "sync"},
        {"deliveryMethod": "async"},
        {"webhookURL": "http://127.0.0.1:9/hook"},
        {"category": "controlnet", "conditioning": "scrible"},
        {"category": "checkpoint", "type": "refiner"},
    ],
)
def test_what_the_founding_page_knows_is_taken_there_and_refused_today(
    make_client: MakeClient, changes: dict[str, Any]
) -> None:
    founding, today = make_client(dialect="founding"), make_client()
    assert founding.post(founding.task(**changes)).status_code == 200
    assert today.refusal(**changes)


@pytest.mark.parametrize("changes", [{"air": None}, {"uniqueIdentifier": None}])
def test_the_founding_page_requires_what_today_is_optional(make_client: MakeClient, changes: dict[str, Any]) -> None:
    founding, today = make_client(dialect="founding"), make_client()
    (error,) = founding.refusal(**changes)
    assert error["code"] == "missingParameter"
    assert today.post(today.task(**changes)).status_code == 200


def test_an_unknown_conditioning_is_refused(make_client: MakeClient) -> None:
    (error,) = make_client(dialect="founding").refusal(category="controlnet", conditioning="scribble")
    assert "scrible" in error["allowedValues"]


def test_every_problem_is_told_at_once(client: Client) -> None:
    errors = client.refusal(name=None, retry=1, private="no")
    assert {str(error["parameter"]) for error in errors} == {"name", "retry", "private"}
