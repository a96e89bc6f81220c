"""An upload over REST: the first status at best, and the rest by asking; and when it comes to that by itself."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from pydantic import SecretStr

from rw_hooks.errors import RefusedError, UnreachableError
from rw_hooks.runware import Endpoint, RunwareClient
from tests.doubles.runware_script import (
    FAST,
    IMPATIENT,
    answers_status,
    is_silent,
    refuses,
    says,
    says_then_drops,
)
from tests.runware.helpers import MemoryLedger, register, script, statuses, upload


@pytest.fixture
def client(runware):
    with RunwareClient(runware.endpoint, transport="rest", timings=FAST) as client:
        yield client


@pytest.fixture
def impatient(runware):
    with RunwareClient(runware.endpoint, transport="rest", timings=IMPATIENT) as client:
        yield client


def lists_it_once_sent(runware):
    """Have ``modelSearch`` show the AIR from the first upload on."""
    answer = runware.uploads[0]

    def listing(wire, task):
        runware.models = [{"air": task["air"]}]
        answer(wire, task)

    runware.uploads[0] = listing


def test_the_first_status_is_followed_by_looking_and_asking_anew(runware, client):
    script(runware, says("validated"), says("validated", "stored"), says("ready"))
    lists_it_once_sent(runware)
    registration = register(client)
    assert (registration.transport, statuses(registration)) == ("rest", ["validated", "stored", "ready"])
    assert {sent.transport for sent in runware.sent} == {"rest"}


def test_a_ready_in_the_first_answer_is_the_end(runware, client):
    register(client)
    assert [sent.kind for sent in runware.sent] == ["modelUpload"]


def test_a_gateway_timeout_says_nothing_and_the_same_task_is_sent_again(runware, client):
    script(runware, answers_status(524), says("ready"))
    register(client)
    first, second = runware.task_uuids
    assert first == second


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507, 524])
def test_passing_statuses_are_never_failures(runware, client, status):
    script(runware, answers_status(status), answers_status(status), says("ready"))
    assert statuses(register(client)) == ["ready"]
    assert len(set(runware.task_uuids)) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 409, 413, 422])
def test_other_statuses_are_refusals(runware, client, status):
    script(runware, answers_status(status))
    with pytest.raises(RefusedError, match=str(status)):
        register(client)
    assert len(runware.task_uuids) == 1


def test_an_answer_that_never_comes_says_nothing_either(runware, impatient):
    def holds(wire, task):
        time.sleep(IMPATIENT.rest_read + 0.1)
        wire.phase(task, "validated")

    script(runware, holds, refuses("conflictTaskUUID"), says("ready"))
    lists_it_once_sent(runware)
    register(impatient)
    first, second, third = runware.task_uuids
    assert first == second != third


def test_retry_after_is_waited_for(runware, client):
    script(runware, answers_status(429, Retry_After="1"), says("ready"))
    register(client)
    first, second = [sent.at for sent in runware.sent if sent.kind == "modelUpload"]
    assert second - first >= 1.0


@pytest.mark.parametrize("value", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_retry_after_beyond_the_deadline_ends_at_once_and_leaves_the_upload_pending(runware, client, value):
    script(runware, answers_status(503, Retry_After=value))
    started = time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        register(client)
    assert caught.value.code == "not_confirmed"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("value", ["garbage", "-5", "", "\u00b2", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015"])
def test_a_retry_after_that_says_nothing_is_not_waited_for(runware, client, value):
    script(runware, answers_status(503, Retry_After=value), says("ready"))
    register(client)


@pytest.mark.parametrize("body", ["<html>a captive portal</html>", '{"data": [{"taskType": "modelUpl', ""])
def test_a_reply_that_is_no_json_says_nothing(runware, client, body):
    script(runware, lambda wire, _: wire.text(body), says("ready"))
    register(client)
    assert len(set(runware.task_uuids)) == 1


def test_a_reply_of_one_json_document_a_line_is_read(runware, client):
    def lines(wire, task):
        one = '{{"data": [{{"taskUUID": "{}", "status": "{}"}}]}}'
        wire.text("\n".join(one.format(task["taskUUID"], status) for status in ("validated", "ready")))

    script(runware, lines)
    assert statuses(register(client)) == ["validated", "ready"]


def test_a_model_that_is_replaced_is_asked_for_ever_more_seldom(runware):
    began = time.monotonic()
    script(runware, lambda wire, task: wire.phase(task, "ready" if time.monotonic() - began > 3 else "validated"))
    runware.models = [{"air": "myorg:1@1"}]
    timings = replace(FAST, poll_most=0.3, silence=2)
    with RunwareClient(runware.endpoint, transport="rest", timings=timings) as client:
        assert statuses(register(client)) == ["validated", "ready"]
    moments = [sent.at for sent in runware.sent if sent.kind == "modelUpload"]
    first, *pauses = [after - before for before, after in pairwise(moments)]
    assert first < min(pauses)
    assert pauses[0] >= 0.25
    assert len(pauses) <= 6


def test_an_acknowledgement_is_followed_by_looking(runware, client):
    script(runware, lambda wire, task: wire.item(taskType="modelUpload", taskUUID=task["taskUUID"]), says("ready"))
    lists_it_once_sent(runware)
    register(client, upload(deliveryMethod="async"))
    assert runware.sent_of("modelUpload")[0]["deliveryMethod"] == "async"


def test_a_platform_that_only_acknowledges_async_is_asked_synchronously_in_the_end(runware, client):
    def founding(wire, task):
        if task["deliveryMethod"] == "async":
            wire.item(taskType="modelUpload", taskUUID=task["taskUUID"])
        else:
            wire.phase(task, "ready")

    script(runware, founding)
    lists_it_once_sent(runware)
    runware.others["getResponse"] = lambda wire, task: wire.phase({**task, "air": "myorg:1@1"}, "success")
    assert statuses(register(client, upload(deliveryMethod="async"))) == ["ready"]
    assert [task["deliveryMethod"] for task in runware.sent_of("modelUpload")] == ["async", "sync"]


def test_today_nothing_is_said_of_the_delivery(runware, client):
    register(client)
    assert "deliveryMethod" not in runware.sent_of("modelUpload")[0]


@pytest.mark.parametrize("status", ["success", "ready"])
def test_get_response_is_never_proof_of_success_but_a_reason_to_look(runware, client, status):
    script(runware, says("validated"), says("ready"))
    lists_it_once_sent(runware)
    runware.others["getResponse"] = lambda wire, task: wire.phase({**task, "air": "myorg:1@1"}, status)
    assert statuses(register(client)) == ["validated", "ready"]
    assert len(runware.task_uuids) == 2


def test_get_response_that_says_success_for_ever_ends_unconfirmed(runware, client):
    script(runware, says("validated"))
    runware.others["getResponse"] = lambda wire, task: wire.phase({**task, "air": "myorg:1@1"}, "success")
    with pytest.raises(UnreachableError) as caught:
        register(client, seconds=0.6)
    assert caught.value.code == "not_confirmed"


def test_an_early_error_in_get_response_is_caught(runware, client):
    script(runware, says("validated"))
    runware.others["getResponse"] = lambda wire, task: wire.item(
        taskType="modelUpload",
        taskUUID=task["taskUUID"],
        status="error",
        error={"code": "invalidModel", "message": "bad"},
    )
    with pytest.raises(RefusedError, match="bad"):
        register(client)


@pytest.mark.parametrize(
    "trouble",
    [answers_status(404), answers_status(500), refuses("taskNotFound", taskType="getResponse"), is_silent],
)
def test_trouble_of_get_response_itself_is_not_the_uploads(runware, client, trouble):
    script(runware, says("validated"), says("ready"))
    runware.others["getResponse"] = trouble
    lists_it_once_sent(runware)
    register(client)


@pytest.mark.parametrize("trouble", [answers_status(403), answers_status(500), refuses("invalidSearch")])
def test_without_model_search_a_silence_leads_on(runware, impatient, trouble):
    script(runware, says("validated"), says("ready"))
    runware.others["modelSearch"] = trouble
    register(impatient)
    first, second = runware.task_uuids
    assert first != second


def test_a_failed_download_is_minted_anew(runware, client):
    urls = iter("12345")
    script(runware, says("validated", "error downloading"), says("ready"))
    register(client, mint=lambda: SecretStr(f"https://cdn.example/{next(urls)}"))
    assert [task["downloadURL"][-1] for task in runware.sent_of("modelUpload")] == ["1", "2"]


def test_a_bad_key_is_refused(runware):
    endpoint = Endpoint(runware.endpoint.rest_url, runware.endpoint.ws_url, SecretStr("wrong"))
    with RunwareClient(endpoint, transport="rest", timings=FAST) as client, pytest.raises(RefusedError) as caught:
        register(client)
    assert caught.value.code == "unauthorized"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def without_websocket(runware):
    return Endpoint(runware.endpoint.rest_url, f"ws://127.0.0.1:{free_port()}/v1", runware.endpoint.key)


def test_auto_turns_to_rest_when_the_connection_is_refused(runware):
    with RunwareClient(without_websocket(runware), timings=FAST) as client:
        assert register(client).transport == "rest"
        assert register(client, upload(air="myorg:2@1")).transport == "rest"


@pytest.mark.parametrize("status", [403, 404, 502])
def test_auto_turns_to_rest_when_the_handshake_is_refused(runware, status):
    runware.refuse = status
    with RunwareClient(runware.endpoint, timings=FAST) as client:
        assert register(client).transport == "rest"


def test_auto_turns_to_rest_with_the_same_task_when_the_connection_is_lost_for_good(runware):
    def last(wire, task):
        runware.refuse = 502
        says_then_drops("validated")(wire, task)

    script(runware, last, says("ready"))
    with RunwareClient(runware.endpoint, timings=FAST) as client:
        registration = register(client)
    assert (registration.transport, statuses(registration)) == ("rest", ["validated", "ready"])
    first, second = runware.task_uuids
    assert first == second


def test_auto_turns_to_rest_when_each_connection_is_cut_at_its_first_use(runware):
    def cut(wire, task):
        if wire.socket is None:
            wire.phase(task, "ready")
        else:
            wire.drop()

    script(runware, cut)
    with RunwareClient(runware.endpoint, timings=replace(IMPATIENT, backoff_most=2.0)) as client:
        assert register(client).transport == "rest"
    assert [sent.transport for sent in runware.sent if sent.kind == "modelUpload"] == ["ws", "ws", "rest"]


def test_ws_does_not_turn_to_rest(runware):
    with (
        RunwareClient(without_websocket(runware), transport="ws", timings=FAST) as client,
        pytest.raises(UnreachableError) as caught,
    ):
        register(client, seconds=0.5)
    assert caught.value.code == "unreachable"
    assert not runware.sent


def test_nothing_there_at_all_ends_at_the_deadline(runware):
    dead = Endpoint(f"http://127.0.0.1:{free_port()}/v1", f"ws://127.0.0.1:{free_port()}/v1", SecretStr("k"))
    ledger = MemoryLedger()
    with RunwareClient(dead, timings=FAST) as client, pytest.raises(UnreachableError):
        register(client, ledger=ledger, seconds=0.6)
    assert len({saved.task_uuid for saved in ledger.saved}) == 1
