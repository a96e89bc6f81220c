from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from rw_hooks.sandbox import PHASES, Faults
from tests.sandbox.rawclient import Client, MakeClient

READY = list(PHASES)


def _messages(client: Client, faults: dict[str, object], until: str = "ready") -> list[str | bytes]:
    """Return everything that an upload over WebSocket brings, up to a status, as it came."""
    for name, value in faults.items():
        setattr(client.sandbox.faults, name, value)
    messages: list[str | bytes] = []
    with client.talk() as talk:
        talk.connection.recv(timeout=5)
        talk.send(client.task())
        while not messages or f'"status": "{until}"' not in str(messages[-1]):
            messages.append(talk.connection.recv(timeout=5))
    return messages


def _items(messages: list[str | bytes]) -> list[dict[str, Any]]:
    return [json.loads(message)["data"][0] for message in messages]


def _statuses(messages: list[str | bytes]) -> list[str | None]:
    return [item.get("status") for item in _items(messages)]


def test_faults_are_checked_when_they_are_set(client: Client) -> None:
    with pytest.raises(ValidationError):
        client.sandbox.faults.drop_after = "sometimes"
    with pytest.raises(ValidationError):
        Faults(no_such_fault=True)  # type: ignore[call-arg] # that is the point


def test_a_sandbox_has_faults_of_its_own(make_client: MakeClient) -> None:
    faults = Faults(truncate_json=1)
    make_client(faults=faults).post({"taskType": "ping", "ping": True})
    assert faults.truncate_json == 1


def test_a_counted_fault_is_used_up_once_by_many_threads() -> None:
    faults = Faults(swallow_acks=50)
    taken: list[bool] = []

    def take() -> None:
        taken.extend(faults.take("swallow_acks") for _ in range(50))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(True) == 50


def test_duplicated_frames(client: Client) -> None:
    messages = _messages(client, {"duplicate_frames": True})
    assert _statuses(messages) == [status for status in READY for _ in range(2)][:-1]


def test_reordered_frames(client: Client) -> None:
    messages = _messages(client, {"reorder_frames": True}, until="stored")
    assert _statuses(messages) == ["validated", "optimized", "downloaded", "ready", "stored"]


def test_skipped_phases(client: Client) -> None:
    assert _statuses(_messages(client, {"skip_phases": ("validated", "stored")})) == [
        "downloaded",
        "optimized",
        "ready",
    ]


def test_unknown_frames(client: Client) -> None:
    items = _items(_messages(client, {"unknown_frames": True}))
    assert {item["taskType"] for item in items} == {"modelUpload", "weatherReport"}
    assert [item["status"] for item in items if item.get("status") in READY] == READY


def test_text_that_is_not_json(client: Client) -> None:
    messages = _messages(client, {"invalid_json": True})
    good = [message for message in messages if isinstance(message, str) and message.endswith("}")]
    assert _statuses(good) == READY
    assert len(messages) == 3 * len(good)


def test_stray_frames_come_before_the_authentication_is_answered(client: Client) -> None:
    client.sandbox.faults.stray_frames = True
    with client.talk() as talk:
        kinds = [talk.item()["taskType"] for _ in range(3)]
    assert kinds[-1] == "authentication"
    assert "authentication" not in kinds[:-1]


def test_no_session_id(client: Client) -> None:
    client.sandbox.faults.no_session_id = True
    with client.talk() as talk:
        assert talk.item() == {"taskType": "authentication"}


def test_missing_keys_and_empty_messages(client: Client) -> None:
    items = _items(_messages(client, {"omit_keys": ("air", "taskType"), "empty_message": True}))
    assert all(set(item) == {"taskUUID", "status", "message"} and item["message"] == "" for item in items)


@pytest.mark.parametrize("phase", PHASES[:-1])
def test_failure_after_a_phase(client: Client, phase: str) -> None:
    messages = _messages(client, {"fail_after": phase}, until="failed")
    assert _statuses(messages) == [*READY[: READY.index(phase) + 1], "failed"]
    assert client.settled() == "failed"


def test_failed_downloads_are_counted(client: Client) -> None:
    assert _statuses(_messages(client, {"fail_downloads": 1}, until="error downloading"))[-1] == "error downloading"
    assert _statuses(_messages(client, {})) == READY


@pytest.mark.parametrize("never", ["uploads", "all"])
def test_never_answering(client: Client, never: str) -> None:
    client.sandbox.faults.never_answer = never
    with client.talk() as talk:
        talk.item()
        talk.send(client.task(), {"taskType": "ping", "ping": True})
        if never == "uploads":
            assert talk.frame() == {"data": [{"taskType": "ping", "pong": True}]}
        with pytest.raises(TimeoutError):
            talk.frame(timeout=0.2)
    assert not client.sandbox.world.models


def test_a_stalled_upload_goes_on_when_the_same_model_is_asked_for_with_a_new_task(client: Client) -> None:
    client.sandbox.faults.stall_after = "downloaded"
    with client.talk() as talk:
        talk.item()
        talk.send(client.task())
        assert talk.statuses("downloaded") == ["validated", "downloaded"]
        with pytest.raises(TimeoutError):
            talk.frame(timeout=0.2)
    again = client.task()
    with client.talk() as talk:
        talk.item()
        talk.send(again)
        assert talk.statuses() == ["validated", "optimized", "stored", "ready"]
    assert list(client.sandbox.world.registrations.values()) == [1]
    assert len(client.sandbox.world.downloads) == 1


def test_a_stalled_upload_does_not_go_on_by_the_same_task(client: Client) -> None:
    client.sandbox.faults.stall_after = "validated"
    task = client.task()
    assert client.post(task).json()["data"][0]["status"] == "validated"
    assert client.post(task).json()["errors"][0]["code"] == "conflictTaskUUID"
    assert client.sandbox.world.models["sandbox:1@1"].status == "validated"


def test_a_model_may_not_be_listed_before_it_is_ready(client: Client) -> None:
    client.sandbox.faults.stall_after = "validated"
    client.sandbox.faults.list_when_ready = True
    client.post(client.task())
    assert client.ask("modelSearch")["results"] == []
    client.post(client.task())
    client.settled()
    assert [result["air"] for result in client.ask("modelSearch")["results"]] == ["sandbox:1@1"]


def test_a_swallowed_upload_is_done_in_silence(client: Client) -> None:
    client.sandbox.faults.swallow_acks = 1
    with client.talk() as talk:
        talk.item()
        talk.send(client.task())
        assert client.settled() == "ready"
        with pytest.raises(TimeoutError):
            talk.frame(timeout=0.1)


@pytest.mark.parametrize(("setting", "shown"), [("own", "its own"), ("N/A", "N/A"), ("absent", None)])
def test_errors_may_not_say_whose_they_are(client: Client, setting: str, shown: str | None) -> None:
    client.sandbox.faults.error_task_uuid = setting
    task = client.task(architecture="none")
    (error,) = client.post(task).json()["errors"]
    assert error.get("taskUUID") == (task["taskUUID"] if shown == "its own" else shown)


SHAPES = {
    "errors": lambda body: body["errors"][0],
    "error_object": lambda body: body["error"],
    "error_list": lambda body: body["error"][0],
    "item": lambda body: body["data"][0]["error"],
    "item_code": lambda body: body["data"][0],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_come_in_every_known_shape(client: Client, shape: str) -> None:
    client.sandbox.faults.error_shape = shape
    task = client.task(architecture="none")
    reply = client.post(task)
    assert reply.status_code == 400
    assert SHAPES[shape](reply.json())["code"] == "invalidArchitecture"
    with client.talk() as talk:
        talk.item()
        talk.send(task)
        assert SHAPES[shape](talk.frame())["code"] == "invalidArchitecture"


def test_errors_as_they_were_before_2025(client: Client) -> None:
    client.sandbox.faults.error_shape = "legacy"
    reply: httpx.Response = client.post({"taskType": "ping"}, key="wrong")
    assert reply.json() == {"error": True, "errorId": 19, "errorMessage": "Invalid API key."}


def test_errors_may_say_nothing(client: Client) -> None:
    client.sandbox.faults.empty_message = True
    (error,) = client.post(client.task(architecture="none")).json()["errors"]
    assert error["message"] == ""
