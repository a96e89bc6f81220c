"""Questions to the account and the catalogue."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from rw_hooks.errors import RefusedError, UnreachableError
from rw_hooks.runware import Account, Endpoint, Listing, RunwareClient
from tests.doubles.runware_script import FAST, IMPATIENT, answers_status, refuses


@pytest.fixture
def client(runware):
    with RunwareClient(runware.endpoint, timings=FAST) as client:
        yield client


def answers(**item):
    return lambda wire, task: wire.item(taskType=task["taskType"], taskUUID=task["taskUUID"], **item)


def in_turn(*scripts):
    left = list(scripts)

    def script(wire, task):
        now = left.pop(0) if len(left) > 1 else left[0]
        now(wire, task)

    return script


def test_the_account_tells_source_balance_and_organisation(client):
    assert client.account() == Account(air_source="myorg", balance=3.5, organization="Org")


@pytest.mark.parametrize(
    ("item", "account"),
    [
        ({}, Account()),
        ({"balance": {"amount": 0, "currency": "USD"}}, Account(balance=0.0)),
        ({"balance": "12.5", "airSource": "mine"}, Account(air_source="mine", balance=12.5)),
        (
            {"balance": None, "AIRSource": 7, "team": [{"email": "x"}], "apiKeys": [{"apiKey": "y"}]},
            Account(air_source="7"),
        ),
    ],
)
def test_the_account_is_read_in_every_shape(runware, client, item, account):
    runware.others["accountManagement"] = answers(**item)
    assert client.account() == account


@pytest.mark.parametrize("answer", [answers_status(403), refuses("insufficientPermissions")])
def test_a_restricted_key_shows_an_empty_account(runware, client, answer):
    runware.others["accountManagement"] = answer
    assert client.account() == Account()


def test_a_bad_key_is_refused(runware):
    endpoint = Endpoint(runware.endpoint.rest_url, runware.endpoint.ws_url, SecretStr("wrong"))
    with RunwareClient(endpoint, timings=FAST) as client, pytest.raises(RefusedError) as caught:
        client.account()
    assert caught.value.code == "unauthorized"


def test_passing_trouble_is_asked_again(runware, client):
    trouble = [answers_status(status) for status in (500, 502, 429)]
    runware.others["accountManagement"] = in_turn(*trouble, answers(AIRSource="myorg"))
    assert client.account().air_source == "myorg"


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "3600"}])
def test_lasting_trouble_ends_in_time(runware, headers):
    runware.others["accountManagement"] = answers_status(503, **headers)
    with RunwareClient(runware.endpoint, timings=IMPATIENT) as client, pytest.raises(UnreachableError):
        client.account()


def test_only_the_very_air_is_found_on_whatever_page(runware, client):
    runware.models = [{"air": f"myorg:1@{number}", "tags": [1, None]} for number in range(130)]
    runware.models[120] |= {"name": "Maya", "category": "lora", "architecture": "sdxl", "private": True, "version": "v"}
    assert client.find("myorg:1@120") == Listing(
        air="myorg:1@120", name="Maya", version="v", category="lora", architecture="sdxl", private=True
    )
    assert client.find("myorg:1@12") == Listing(air="myorg:1@12")
    assert client.find("myorg:1@1200") is None


def test_the_versions_of_one_id_are_told_from_all_others(runware, client):
    airs = ["myorg:1@1", "myorg:11@5", "other:1@6", "myorg:1@3", "not an air", "myorg:1@03", "myorg:1@3"]
    runware.models = [{"air": air} for air in airs] + [{"name": "without"}]
    assert client.versions("myorg", "1") == ["1", "3", "03"]


def test_a_search_that_promises_more_than_it_gives_ends(runware, client):
    runware.others["modelSearch"] = in_turn(
        answers(results=[{"air": "a:1@1"}], totalResults=10**9), answers(results=[])
    )
    assert client.find("myorg:1@1") is None


def test_a_search_that_never_ends_is_ended(runware, client):
    runware.others["modelSearch"] = answers(results=[{"air": "a:1@1"}], totalResults=10**9)
    assert client.find("myorg:1@1") is None
    assert len(runware.sent_of("modelSearch")) <= 50


def test_models_under_another_key_are_not_read(runware, client):
    runware.others["modelSearch"] = answers(models=[{"air": "myorg:1@1"}])
    assert client.find("myorg:1@1") is None
