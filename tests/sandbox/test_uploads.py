from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest

from rw_hooks.sandbox import PHASES
from tests.sandbox.rawclient import Client, MakeClient

READY = list(PHASES)


def test_an_upload_reports_each_phase_once_and_in_order(client: Client) -> None:
    with client.talk() as talk:
        talk.item()
        task = client.task()
        talk.send(task)
        items = [talk.item() for _ in PHASES]
    assert [item["status"] for item in items] == READY
    assert {item["taskUUID"] for item in items} == {task["taskUUID"]}
    assert {item["air"] for item in items} == {"sandbox:1@1"}
    assert items[0]["message"] == "Model parameters and configuration validated."


def test_the_world_holds_what_was_really_downloaded(client: Client) -> None:
    client.post(client.task())
    client.settled()
    content = (client.sandbox.folder / "a.safetensors").read_bytes()
    model = client.sandbox.world.models["sandbox:1@1"]
    assert (model.sha256, model.size, model.downloads) == (hashlib.sha256(content).hexdigest(), len(content), 1)
    assert [download.problem for download in client.sandbox.world.downloads] == [""]
    assert list(client.sandbox.world.registrations.values()) == [1]


def test_two_uploads_on_one_connection_are_told_apart(client: Client) -> None:
    first, second = client.task(), client.task(air="sandbox:2@1")
    with client.talk() as talk:
        talk.item()
        talk.send(first, second)
        items = [talk.item() for _ in range(2 * len(PHASES))]
    for task in (first, second):
        assert [item["status"] for item in items if item["taskUUID"] == task["taskUUID"]] == READY


def test_the_same_weights_again_change_only_the_description(client: Client) -> None:
    with client.talk() as talk:
        talk.item()
        talk.send(client.task(tags=["one"]))
        talk.statuses()
        talk.send(client.task(name="Renamed"))
        assert talk.statuses() == ["ready"]
    model = client.sandbox.world.models["sandbox:1@1"]
    assert (model.fields["name"], model.downloads) == ("Renamed", 1)
    assert "tags" not in model.fields
    assert list(client.sandbox.world.updates.values()) == [1]


def test_the_same_weights_again_may_get_all_phases_without_a_download(make_client: MakeClient) -> None:
    client = make_client(resend="sequence")
    with client.talk() as talk:
        talk.item()
        talk.send(client.task())
        talk.statuses()
        talk.send(client.task())
        assert talk.statuses() == READY
    assert len(client.sandbox.world.downloads) == 1


def test_other_weights_under_the_same_air_are_downloaded(client: Client) -> None:
    client.post(client.task())
    client.settled()
    other = client.file("b.safetensors", value=2.0)
    with client.talk() as talk:
        talk.item()
        talk.send(client.task("b.safetensors"))
        assert talk.statuses() == READY
    model = client.sandbox.world.models["sandbox:1@1"]
    assert (model.sha256, model.downloads) == (other, 2)


def test_a_second_task_for_weights_under_way_follows_the_first(make_client: MakeClient) -> None:
    client = make_client(delays={"stored": 0.6})
    first, second = client.task(), client.task()
    with client.talk() as talk:
        talk.item()
        talk.send(first)
        talk.statuses(until="optimized")
        talk.send(second)
        items = [talk.item() for _ in range(5)]
    followed = [item["status"] for item in items if item["taskUUID"] == second["taskUUID"]]
    assert followed == ["validated", "stored", "ready"]
    assert len(client.sandbox.world.downloads) == 1


def test_newer_weights_under_an_air_are_not_touched_by_older_ones_under_way(make_client: MakeClient) -> None:
    client = make_client(delays={"stored": 0.2})
    with client.talk() as talk:
        talk.item()
        talk.send(client.task())
        talk.statuses(until="optimized")
        talk.send(client.task("missing.safetensors", name="Newer"))
        ends = {"ready", "error downloading"}
        while ends:
            ends.discard(talk.item()["status"])
    model = client.sandbox.world.models["sandbox:1@1"]
    assert (model.status, model.fields["name"], model.downloads) == ("error downloading", "Newer", 2)


def test_a_used_task_uuid_is_a_conflict(client: Client) -> None:
    task = client.task()
    client.post(task)
    client.settled()
    again = client.post(task)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "conflictTaskUUID")
    assert len(client.sandbox.world.downloads) == 1


def test_a_refused_task_uuid_may_be_used_again(client: Client) -> None:
    task = client.task()
    assert client.post({**task, "architecture": "none"}).status_code == 400
    assert client.post(task).status_code == 200


def test_without_air_one_is_assigned(client: Client) -> None:
    item = client.post(client.task(air=None)).json()["data"][0]
    assert item["air"] == "sandbox:1@1"


@pytest.mark.parametrize("field", ["category", "type"])
def test_what_kind_a_model_is_cannot_change(client: Client, field: str) -> None:
    client.post(client.task(category="checkpoint", type="base"))
    client.settled()
    change = {"category": "embeddings", "type": "positive"} if field == "category" else {"type": "inpainting"}
    errors = client.refusal(**{"category": "checkpoint", **change})
    assert field in {error["parameter"] for error in errors}


def test_no_credit_no_upload(make_client: MakeClient) -> None:
    client = make_client(balance=0)
    reply = client.post(client.task())
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (402, "insufficientCredits")


def _content(client: Client, content: bytes) -> dict[str, Any]:
    (client.sandbox.folder / "bad.safetensors").write_bytes(content)
    return client.task("bad.safetensors")


@pytest.mark.parametrize(
    ("content", "status", "word"),
    [
        (b"<!DOCTYPE html><html></html>", "error downloading", "web page"),
        (b"\x10\0\0\0\0\0\0\0{}", "failed", "not a valid safetensors"),
        (b"", "failed", "not a valid safetensors"),
    ],
)
def test_what_is_no_model_fails(client: Client, content: bytes, status: str, word: str) -> None:
    with client.talk() as talk:
        talk.item()
        talk.send(_content(client, content))
        assert talk.statuses(until="validated") == ["validated"]
        item = talk.item()
    assert item["status"] == status
    assert word in item["message"]


def test_a_missing_file_is_a_failed_download_and_can_be_sent_again(client: Client) -> None:
    task = client.task("later.safetensors")
    client.post(task)
    assert client.settled() == "error downloading"
    sha256 = client.file("later.safetensors")
    client.post({**task, "taskUUID": str(uuid.uuid4()), "uniqueIdentifier": sha256})
    with client.talk() as talk:
        talk.item()
        talk.send(client.task("later.safetensors"))
        assert talk.statuses()[-1] == "ready"


def test_a_host_that_is_not_there_is_a_failed_download(client: Client) -> None:
    client.post(client.task(downloadURL="http://127.0.0.1:9/gone.safetensors"))
    assert client.settled() == "error downloading"


def test_another_hash_than_said_fails(client: Client) -> None:
    client.post(client.task(uniqueIdentifier="0" * 64))
    assert client.settled() == "failed"


def test_the_hash_is_compared_only_if_asked_for_and_if_it_is_one(make_client: MakeClient) -> None:
    client = make_client(check_hash=False)
    client.post(client.task(uniqueIdentifier="0" * 64))
    assert client.settled() == "ready"
    client = make_client()
    client.post(client.task(uniqueIdentifier="my-own-mark"))
    assert client.settled() == "ready"


def test_a_key_never_stays_in_the_record(client: Client) -> None:
    with client.talk() as talk:
        talk.item()
    client.post({"taskType": "authentication", "apiKey": client.sandbox.key}, client.task(), key="wrong")
    client.settled()
    assert client.sandbox.key not in str(client.sandbox.world.requests)
