from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from rw_hooks.sandbox import Faults, Sandbox
from tests.sandbox.rawclient import Client, MakeClient

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def stocked() -> Iterator[Client]:
    """A sandbox with three ready models, for tests that only look."""
    kinds = ({"name": "Maya", "tags": ["person", "photo"]}, {"name": "Ink", "category": "lycoris"}, {"private": False})
    with Sandbox() as sandbox:
        client = Client(sandbox)
        client.file()
        for number, changes in enumerate(kinds):
            client.post(client.task(air=f"sandbox:{number}@1", **changes))
            client.settled(f"sandbox:{number}@1")
        yield client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [0, 1, 2]),
        ({"search": "may"}, [0]),
        ({"search": "sandbox:1@1"}, [1]),
        ({"search": "person"}, [0]),
        ({"search": "perso"}, []),
        ({"search": "v1"}, [0, 1, 2]),
        ({"category": "lycoris"}, [1]),
        ({"architecture": "sdxl"}, []),
        ({"visibility": "public"}, [2]),
        ({"visibility": "private"}, [0, 1]),
        ({"visibility": "owned"}, [0, 1, 2]),
        ({"visibility": "favorite"}, []),
        ({"limit": 2}, [0, 1]),
        ({"limit": 2, "offset": 2}, [2]),
    ],
)
def test_search_finds(stocked: Client, query: dict[str, Any], found: list[int]) -> None:
    item = stocked.ask("modelSearch", **query)
    assert [result["air"] for result in item["results"]] == [f"sandbox:{number}@1" for number in found]


def test_search_counts_all_and_shows_what_was_sent(stocked: Client) -> None:
    item = stocked.ask("modelSearch", search="Maya", limit=1)
    assert (item["taskType"], item["totalResults"]) == ("modelSearch", 1)
    (result,) = item["results"]
    assert (result["name"], result["tags"], result["private"]) == ("Maya", ["person", "photo"], True)
    assert "uniqueIdentifier" not in result
    assert "downloadURL" not in result
    assert stocked.ask("modelSearch", limit=1)["totalResults"] == 3


def test_search_lists_a_model_before_it_is_ready_but_not_one_that_failed(make_client: MakeClient) -> None:
    client = make_client(delays={"ready": 60})
    client.post(client.task())
    client.post(client.task("missing", air="sandbox:2@1"))
    client.settled("sandbox:2@1")
    assert [result["air"] for result in client.ask("modelSearch")["results"]] == ["sandbox:1@1"]


def test_search_may_show_tags_that_are_no_text(make_client: MakeClient) -> None:
    client = make_client(faults=Faults(odd_tags=True))
    client.post(client.task())
    assert client.ask("modelSearch")["results"][0]["tags"] == [7, None]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"visibility": "all"}, "visibility"),
    ],
)
def test_search_refuses(client: Client, query: dict[str, Any], parameter: str) -> None:
    reply = client.post({"taskType": "modelSearch", "taskUUID": str(uuid.uuid4()), **query})
    assert (reply.status_code, reply.json()["errors"][0]["parameter"]) == (400, parameter)


def test_search_of_the_founding_dialect(make_client: MakeClient) -> None:
    client = make_client(dialect="founding")
    assert client.ask("modelSearch", search="x", visibility="all")["totalResults"] == 0
    reply = client.post({"taskType": "modelSearch", "taskUUID": str(uuid.uuid4())})
    assert reply.json()["errors"][0]["parameter"] == "search"


@pytest.mark.parametrize(("shape", "balance"), [("number", 2.5), ("object", {"amount": 2.5, "currency": "USD"})])
def test_the_account_tells_source_and_balance(make_client: MakeClient, shape: str, balance: object) -> None:
    client = make_client(balance=2.5, balance_shape=shape, air_source="myorg")
    item = client.ask("accountManagement", operation="getDetails")
    assert (item["AIRSource"], item["balance"]) == ("myorg", balance)


def test_the_account_may_not_tell_its_source(make_client: MakeClient) -> None:
    assert "AIRSource" not in make_client(show_air_source=False).ask("accountManagement", operation="getDetails")


def test_a_restricted_key_may_upload_but_not_see_the_account(make_client: MakeClient) -> None:
    client = make_client(faults=Faults(account_forbidden=True))
    task = {"taskType": "accountManagement", "taskUUID": str(uuid.uuid4()), "operation": "getDetails"}
    assert client.post(task).status_code == 403
    assert client.post(client.task()).status_code == 200


def test_other_operations_on_the_account_are_refused(client: Client) -> None:
    task = {"taskType": "accountManagement", "taskUUID": str(uuid.uuid4()), "operation": "getUsageActivity"}
    assert client.post(task).json()["errors"][0]["allowedValues"] == ["getDetails"]


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_media_is_kept_served_and_deleted(client: Client, prefix: str) -> None:
    text = prefix + base64.b64encode(PIXEL).decode()
    stored = client.ask("mediaStorage", operation="upload", media=text)
    reply = httpx.get(stored["mediaURL"], trust_env=False, verify=False)
    assert (reply.content, reply.headers["Content-Type"]) == (PIXEL, "image/png")
    client.ask("mediaStorage", operation="delete", media=stored["mediaUUID"])
    assert httpx.get(stored["mediaURL"], trust_env=False, verify=False).status_code == 404


def test_media_may_be_a_url(client: Client) -> None:
    (client.sandbox.folder / "hero.png").write_bytes(PIXEL)
    item = client.ask("imageUpload", image=f"{client.sandbox.files_url}hero.png")
    assert httpx.get(item["imageURL"], trust_env=False, verify=False).content == PIXEL


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "upload", "media": "not base64!"},
        {"operation": "upload", "media": base64.b64encode(b"text").decode()},
        {"operation": "upload", "media": "http://127.0.0.1:9/none.png"},
        {"operation": "delete", "media": "unknown"},
        {"operation": "list"},
    ],
)
def test_media_refuses(client: Client, fields: dict[str, str]) -> None:
    reply = client.post({"taskType": "mediaStorage", "taskUUID": str(uuid.uuid4()), **fields})
    assert (reply.status_code, len(reply.json()["errors"])) == (400, 1)


def test_inference_waits_for_the_models_it_names(make_client: MakeClient) -> None:
    client = make_client(delays={"ready": 0.6})
    client.post(client.task())
    task = {
        "taskType": "imageInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "civitai:4384@128713",
        "positivePrompt": "a sketch",
        "lora": [{"model": "sandbox:1@1", "weight": 1.0}],
        "includeCost": True,
    }
    assert client.post(task).json()["errors"][0]["code"] == "modelNotReady"
    client.settled()
    (item,) = client.post(task).json()["data"]
    assert item["cost"] > 0
    assert httpx.get(item["imageURL"], trust_env=False, verify=False).content == PIXEL


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"model": "sandbox:9@1", "positivePrompt": "x"}, "unknownModel"),
        ({"model": "runware:101@1"}, "missingParameter"),
        ({"positivePrompt": "x"}, "missingParameter"),
    ],
)
def test_inference_refuses(client: Client, fields: dict[str, str], code: str) -> None:
    reply = client.post({"taskType": "imageInference", "taskUUID": str(uuid.uuid4()), **fields})
    assert reply.json()["errors"][0]["code"] == code
