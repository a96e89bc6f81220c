from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from rw_hooks.sandbox import Faults
from tests.sandbox.rawclient import Client, MakeClient

PING = {"taskType": "ping", "ping": True}


def _raw(client: Client, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(client.sandbox.api_url, content=body, headers=headers, trust_env=False, verify=False)


def test_a_pong_names_no_task(client: Client) -> None:
    reply = client.post(PING)
    assert (reply.status_code, reply.json()) == (200, {"data": [{"taskType": "ping", "pong": True}]})


def test_the_key_may_come_as_first_task(client: Client) -> None:
    body = json.dumps([{"taskType": "authentication", "apiKey": client.sandbox.key}, PING]).encode()
    assert _raw(client, body).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_the_key_there_is_no_answer(client: Client, headers: dict[str, str]) -> None:
    reply = _raw(client, json.dumps([PING]).encode(), **headers)
    (error,) = reply.json()["errors"]
    assert (reply.status_code, error["code"], error["taskType"]) == (401, "invalidApiKey", "authentication")


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]"])
def test_a_body_that_is_no_array_of_tasks_is_refused(client: Client, body: bytes) -> None:
    reply = _raw(client, body, Authorization=f"Bearer {client.sandbox.key}")
    assert reply.status_code == 400
    assert reply.json()["errors"]


def test_one_call_can_hold_success_and_failure(client: Client) -> None:
    bad = client.task(architecture="none")
    reply = client.post(PING, bad)
    assert reply.status_code == 200
    assert reply.json()["data"] == [{"taskType": "ping", "pong": True}]
    assert [error["taskUUID"] for error in reply.json()["errors"]] == [bad["taskUUID"]]


def test_first_status_answers_while_the_work_goes_on(make_client: MakeClient) -> None:
    client = make_client(delays={"ready": 0.2})
    (item,) = client.post(client.task()).json()["data"]
    assert item["status"] == "validated"
    assert client.settled() == "ready"


def test_ack_answers_without_a_status(make_client: MakeClient) -> None:
    client = make_client(rest_mode="ack")
    task = client.task()
    assert client.post(task).json() == {"data": [{"taskType": "modelUpload", "taskUUID": task["taskUUID"]}]}
    assert client.settled() == "ready"


def test_ack_refuses_at_once(make_client: MakeClient) -> None:
    assert make_client(rest_mode="ack").refusal(architecture="none")


def test_holding_answers_with_the_end_if_it_comes_in_time(make_client: MakeClient) -> None:
    client = make_client(rest_mode="hold_until_timeout", delay=0.01)
    (item,) = client.post(client.task()).json()["data"]
    assert item["status"] == "ready"


def test_holding_times_out_while_the_work_goes_on(make_client: MakeClient) -> None:
    client = make_client(rest_mode="hold_until_timeout", delays={"ready": 0.3}, rest_hold=0.1)
    assert client.post(client.task()).status_code == 524
    assert client.settled() == "ready"


def test_delivery_method_decides_in_the_founding_dialect(make_client: MakeClient) -> None:
    client = make_client(dialect="founding")
    later = client.post(client.task(deliveryMethod="async")).json()["data"][0]
    now = client.post(client.task(air="sandbox:2@1", deliveryMethod="sync")).json()["data"][0]
    assert "status" not in later
    assert now["status"] == "ready"


@pytest.mark.parametrize(("dialect", "status"), [("today", "processing"), ("founding", "success")])
def test_get_response_of_a_ready_model(make_client: MakeClient, dialect: str, status: str) -> None:
    client = make_client(dialect=dialect)
    task = client.task()
    client.post(task)
    client.settled()
    item = client.ask("getResponse", taskUUID=task["taskUUID"])
    assert (item["taskUUID"], item["status"]) == (task["taskUUID"], status)


@pytest.mark.parametrize("mode", ["stuck_processing", "success_when_ready"])
def test_get_response_tells_of_a_failure_in_either_mode(make_client: MakeClient, mode: str) -> None:
    client = make_client(get_response=mode)
    task = client.task("missing.safetensors")
    client.post(task)
    client.settled()
    item = client.ask("getResponse", taskUUID=task["taskUUID"])
    assert item["status"] == "error"
    assert "404" in item["error"]["message"]


def test_get_response_of_an_unknown_task_is_an_error(client: Client) -> None:
    reply = client.post({"taskType": "getResponse", "taskUUID": str(uuid.uuid4())})
    assert reply.json()["errors"][0]["code"] == "taskFailedOrNotFound"


def test_task_details_show_request_and_statuses(client: Client) -> None:
    task = client.task()
    client.post(task)
    client.settled()
    details = client.ask("getTaskDetails", taskUUID=task["taskUUID"])
    assert details["request"] == [task]
    assert [item["status"] for item in details["response"]["data"]][-1] == "ready"


def test_task_details_show_a_refusal(client: Client) -> None:
    task = client.task(architecture="none")
    client.post(task)
    details = client.ask("getTaskDetails", taskUUID=task["taskUUID"])
    assert details["response"]["errors"][0]["parameter"] == "architecture"


def test_statuses_of_the_next_calls(make_client: MakeClient) -> None:
    client = make_client(faults=Faults(rest_statuses=(503, 200, 429), retry_after="7"))
    replies = [client.post(PING) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [503, 200, 429, 200]
    assert [reply.headers.get("Retry-After") for reply in replies] == ["7", None, "7", None]
    assert len(client.sandbox.world.requests) == 2


def test_truncated_json(client: Client) -> None:
    client.sandbox.faults.truncate_json = 1
    with pytest.raises(json.JSONDecodeError):
        client.post(PING).json()
    assert client.post(PING).json()


def test_a_swallowed_answer_hides_work_that_is_done(client: Client) -> None:
    client.sandbox.faults.swallow_acks = 1
    task = client.task()
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(task)
    assert client.settled() == "ready"
    assert client.post(task).json()["errors"][0]["code"] == "conflictTaskUUID"


def test_never_answered_means_never_done(make_client: MakeClient) -> None:
    client = make_client(rest_hold=0.1, faults=Faults(never_answer="uploads"))
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(client.task())
    assert not client.sandbox.world.models
    assert client.post(PING).status_code == 200


def test_a_skipped_phase_is_not_the_answer(client: Client) -> None:
    client.sandbox.faults.skip_phases = ("validated",)
    assert client.post(client.task()).json()["data"][0]["status"] == "downloaded"


@pytest.mark.parametrize("host", ["evil.example:80", ""])
def test_a_made_up_host_name_is_refused(client: Client, host: str) -> None:
    assert _raw(client, b"[]", Host=host).status_code == 403


def test_other_paths_are_not_the_api(client: Client) -> None:
    url = client.sandbox.api_url + "/tasks"
    assert httpx.post(url, json=[PING], trust_env=False, verify=False).status_code == 404


def test_closing_releases_a_held_call(make_client: MakeClient) -> None:
    client = make_client(rest_mode="hold_until_timeout", delays={"ready": 60})
    ended = threading.Event()

    def hold() -> None:
        with contextlib.suppress(httpx.TransportError):  # an answer or a cut connection: it is released
            client.post(client.task())
        ended.set()

    thread = threading.Thread(target=hold)
    thread.start()
    while not client.sandbox.world.models:
        time.sleep(0.01)
    client.sandbox.__exit__(None, None, None)
    thread.join(5)
    assert ended.is_set()


class _Receiver(BaseHTTPRequestHandler):
    """Takes webhooks; refuses the first."""

    bodies: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)  # type: ignore[attr-defined] # of this test's server
        self.send_response(500 if len(self.server.bodies) == 1 else 204)  # type: ignore[attr-defined] # as above
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_webhook_gets_the_end_again_until_it_is_taken(make_client: MakeClient) -> None:
    client = make_client(dialect="founding")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        server.bodies = []  # type: ignore[attr-defined] # of this test's server
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        client.post(client.task(webhookURL=f"http://127.0.0.1:{server.server_port}/hook?token=1"))
        until = time.monotonic() + 5
        while not client.sandbox.world.webhooks and time.monotonic() < until:
            time.sleep(0.01)
        server.shutdown()
        thread.join()
    (webhook,) = client.sandbox.world.webhooks
    assert webhook.status == 204
    assert [body["data"][0]["status"] for body in server.bodies] == ["ready", "ready"]  # type: ignore[attr-defined] # as above
