"""An upload followed over WebSocket, through all that a connection can do."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from pydantic import SecretStr

from rw_hooks.errors import ConflictError, RefusedError, UnreachableError
from rw_hooks.runware import Endpoint, RunwareClient
from tests.doubles.runware_script import (
    FAST,
    IMPATIENT,
    PHASES,
    is_silent,
    refuses,
    says,
    says_then_drops,
)
from tests.runware.helpers import MemoryLedger, register, script, statuses, upload


@pytest.fixture
def client(runware):
    with RunwareClient(runware.endpoint, transport="ws", timings=FAST) as client:
        yield client


@pytest.fixture
def impatient(runware):
    with RunwareClient(runware.endpoint, transport="ws", timings=IMPATIENT) as client:
        yield client


def test_an_upload_is_followed_to_ready_and_each_phase_is_told_once(runware, client):
    told = []
    registration = register(client, on_phase=told.append)
    assert (registration.air, registration.transport) == ("myorg:1@1", "ws")
    assert statuses(registration) == list(PHASES)
    assert tuple(told) == registration.phases
    assert all(phase.at.endswith("+00:00") for phase in told)
    assert len(runware.task_uuids) == 1


def test_the_air_of_the_answer_is_the_one_that_counts(runware, client):
    script(runware, lambda wire, task: wire.phase(task, "ready", air="myorg:1@7"))
    assert register(client).air == "myorg:1@7"


def test_a_lone_ready_without_air_and_task_type_is_enough(runware, client):
    script(runware, lambda wire, task: wire.item(taskUUID=task["taskUUID"], status="ready"))
    assert register(client).air == "myorg:1@1"


def test_duplicate_reordered_unknown_and_skipped_frames_change_nothing(runware, client):
    def odd(wire, task):
        wire.text("not json at all")
        wire.text(b"\xff\xfe\x00")
        wire.text("[1, 2, 3]")
        wire.item(taskType="somethingNew", taskUUID=task["taskUUID"], value=1)
        wire.phase(task, "validated", "validated", "stored", "downloaded", "polishing", "stored")
        wire.item(taskType="modelUpload", taskUUID="11111111-1111-4111-8111-111111111111", status="failed")
        wire.phase(task, "ready", "ready")

    script(runware, odd)
    assert statuses(register(client)) == ["validated", "stored", "downloaded", "polishing", "ready"]


def test_a_frame_of_many_items_and_errors_is_read_whole(runware, client):
    def both(wire, task):
        item = {"taskType": "modelUpload", "taskUUID": task["taskUUID"].upper(), "status": "ready"}
        other = {"code": "invalidModel", "taskUUID": "22222222-2222-4222-8222-222222222222"}
        pong = {"taskType": "ping", "pong": True}
        wire.text(json.dumps({"errors": [other], "data": [pong, item]}))

    script(runware, both)
    assert statuses(register(client)) == ["ready"]


def test_frames_before_the_answer_to_the_key_are_not_lost(runware, client):
    task = {}
    script(runware, lambda wire, sent: (task.update(sent), wire.phase(sent, "validated"), wire.drop()))

    def stray(wire):
        wire.item(taskType="ping", pong=True)
        if task:
            wire.phase(task, "downloaded", "ready")

    runware.before_auth = stray
    assert statuses(register(client)) == ["validated", "downloaded", "ready"]
    assert len(runware.task_uuids) == 1


@pytest.mark.parametrize("phase", PHASES[:-1])
def test_a_connection_lost_between_phases_is_resumed_without_sending_again(runware, client, phase):
    at = PHASES.index(phase) + 1
    script(runware, says_then_drops(*PHASES[:at]))
    runware.resumed.append(lambda wire, _: wire.phase(runware.sent_of("modelUpload")[0], *PHASES[at:]))
    assert statuses(register(client)) == list(PHASES)
    assert len(runware.task_uuids) == 1
    first, second = runware.sent_of("authentication")
    assert "connectionSessionUUID" not in first
    assert second["connectionSessionUUID"]


def test_a_resumed_session_that_stays_silent_leads_to_a_new_task_of_the_same_model(runware, impatient):
    script(runware, says_then_drops("validated"), says("ready"))
    ledger = MemoryLedger()
    assert statuses(register(impatient, ledger=ledger)) == ["validated", "ready"]
    first, second = runware.sent_of("modelUpload")
    assert first["taskUUID"] != second["taskUUID"]
    assert (first["air"], first["uniqueIdentifier"]) == (second["air"], second["uniqueIdentifier"])
    assert ledger.saved[-1].attempt == 2


def test_a_session_that_cannot_be_resumed_leads_to_the_same_task_again(runware, client):
    script(runware, says_then_drops("validated"), says("ready"))
    runware.keeps_sessions = False
    register(client)
    first, second = runware.task_uuids
    assert first == second


def test_without_session_ids_the_same_task_is_sent_again(runware, client):
    script(runware, says_then_drops("validated"), says(*PHASES[1:]))
    runware.sessions = False
    assert statuses(register(client)) == list(PHASES)
    first, second = runware.task_uuids
    assert first == second


def test_conflict_task_uuid_means_accepted_and_a_listed_model_is_asked_for_anew(runware, client):
    script(runware, says_then_drops("validated"), refuses("conflictTaskUUID"), says("ready"))
    runware.keeps_sessions = False
    runware.models = [{"air": "myorg:1@1"}]
    register(client)
    first, second, third = runware.task_uuids
    assert first == second != third


def test_conflict_task_uuid_without_a_listing_waits_for_frames(runware, client):
    def late(wire, task):
        wire.error(code="conflictTaskUUID", message="known", taskUUID=task["taskUUID"])
        time.sleep(0.3)
        wire.phase(task, "ready")

    script(runware, says_then_drops("validated"), late)
    runware.keeps_sessions = False
    register(client)
    first, second = runware.task_uuids
    assert first == second


def test_conflict_and_silence_lead_to_a_new_task_only_after_the_long_wait(runware, impatient):
    script(runware, says_then_drops("validated"), refuses("conflictTaskUUID"), says("ready"))
    runware.keeps_sessions = False
    register(impatient)
    uploads = [sent for sent in runware.sent if sent.kind == "modelUpload"]
    assert uploads[0].task["taskUUID"] == uploads[1].task["taskUUID"] != uploads[2].task["taskUUID"]
    assert uploads[2].at - uploads[1].at >= IMPATIENT.silence


def test_an_upload_that_is_never_answered_is_sent_again_with_the_same_task_first(runware, impatient):
    script(runware, is_silent, refuses("conflictTaskUUID"), says("ready"))
    runware.models = [{"air": "myorg:1@1"}]
    register(impatient)
    first, second, third = runware.task_uuids
    assert first == second != third


def test_a_lost_frame_is_made_up_for_by_asking_anew(runware, impatient):
    script(runware, says("validated", "downloaded"), says("ready"))
    assert statuses(register(impatient)) == ["validated", "downloaded", "ready"]
    assert len(set(runware.task_uuids)) == 2


def test_a_late_ready_of_the_first_task_counts(runware, impatient):
    def late(wire, _task):
        wire.phase(runware.sent_of("modelUpload")[0], "ready")

    script(runware, says("validated"), late)
    assert statuses(register(impatient)) == ["validated", "ready"]


def test_a_late_failure_of_a_replaced_task_does_not_count(runware, impatient):
    def late(wire, task):
        wire.phase(runware.sent_of("modelUpload")[0], "failed")
        wire.error(code="invalidModel", taskUUID=runware.task_uuids[0])
        wire.phase(task, "ready")

    script(runware, says("validated"), late)
    assert statuses(register(impatient)) == ["validated", "ready"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("failed", "upload_failed"),
        ("Failed", "upload_failed"),
        ("error optimizing", "upload_failed"),
        ("error", "upload_failed"),
        ("error downloading", "download_failed"),
        ("Download Error", "download_failed"),
    ],
)
def test_a_failure_status_ends_with_the_platforms_words(runware, client, status, code):
    script(runware, lambda wire, task: wire.phase(task, "validated", status, message="checksum mismatch"))
    with pytest.raises(RefusedError, match="checksum mismatch") as caught:
        register(client, mint=lambda: SecretStr("https://host.example/public.safetensors"))
    assert caught.value.code == code
    assert caught.value.hint
    assert len(runware.task_uuids) == 1


def test_a_failure_without_a_message_shows_its_status(runware, client):
    script(runware, lambda wire, task: wire.phase(task, "error storing", message=""))
    with pytest.raises(RefusedError, match="error storing"):
        register(client)


@pytest.mark.parametrize(
    "envelope",
    [
        '{{"errors": [{{"code": "invalidArchitecture", "message": "no such", {own}}}]}}',
        '{{"errors": {{"code": "invalidArchitecture", "message": "no such", {own}}}, "data": []}}',
        '{{"error": {{"code": "invalidArchitecture", "message": "no such"}}, {own}}}',
        '{{"error": [{{"code": "invalidArchitecture", "message": "no such"}}], {own}}}',
        '{{"data": [{{"status": "error", "error": {{"code": "invalidArchitecture", "message": "no such"}}, {own}}}]}}',
        '{{"data": [{{"code": "invalidArchitecture", "message": "no such", {own}}}]}}',
        '{{"errors": [{{"code": "invalidArchitecture", "message": "no such", "taskUUID": "N/A"}}]}}',
        '{{"errors": [{{"code": "invalidArchitecture", "message": "no such"}}]}}',
        '{{"error": true, "errorId": 7, "errorMessage": "no such"}}',
        '{{"errors": ["no such"]}}',
    ],
)
def test_an_error_in_any_known_envelope_is_a_refusal(runware, client, envelope):
    script(runware, lambda wire, task: wire.text(envelope.format(own=f'"taskUUID": "{task["taskUUID"]}"')))
    with pytest.raises(RefusedError, match="no such"):
        register(client)


def test_a_refusal_shows_the_values_that_are_allowed_and_the_flag(runware, client):
    script(runware, refuses("invalidArchitecture", parameter="architecture", allowedValues=["flux1d", "sdxl"]))
    with pytest.raises(RefusedError) as caught:
        register(client)
    assert caught.value.details["allowedValues"] == ["flux1d", "sdxl"]
    assert "--architecture" in caught.value.hint
    assert "flux1d" in caught.value.hint


def test_after_a_refusal_the_next_try_is_a_task_of_its_own(runware, client):
    script(runware, refuses("insufficientCredits"), says("ready"))
    ledger = MemoryLedger()
    with pytest.raises(RefusedError) as caught:
        register(client, ledger=ledger)
    assert caught.value.code == "insufficient_credits"
    register(client, ledger=ledger)
    assert len(set(runware.task_uuids)) == 2


def test_a_model_that_is_there_already_is_a_conflict_when_sent_first(runware, client):
    script(runware, refuses("modelAlreadyExists"))
    with pytest.raises(ConflictError):
        register(client)


def test_a_model_that_is_there_already_is_good_news_when_sent_in_doubt(runware, client):
    script(runware, says_then_drops("validated"), refuses("modelAlreadyExists"), says("ready"))
    runware.keeps_sessions = False
    runware.models = [{"air": "myorg:1@1"}]
    register(client)
    assert len(set(runware.task_uuids)) == 2


def test_passing_trouble_is_tried_again_with_the_same_task(runware, client):
    script(runware, refuses("rateLimitExceeded"), refuses("internalServerError"), says("ready"))
    register(client)
    assert len(runware.task_uuids) == 3
    assert len(set(runware.task_uuids)) == 1


def signed_urls():
    number = 0

    def mint():
        nonlocal number
        number += 1
        return SecretStr(f"https://cdn.example/f.safetensors?sig={number}")

    return mint


@pytest.mark.parametrize("fails", [says("validated", "error downloading"), refuses("downloadFailed")])
def test_a_failed_download_is_tried_again_from_a_fresh_signed_url(runware, client, fails):
    script(runware, fails, says("ready"))
    register(client, mint=signed_urls())
    assert [task["downloadURL"][-1] for task in runware.sent_of("modelUpload")] == ["1", "2"]
    assert len(set(runware.task_uuids)) == 2


def test_a_download_that_fails_from_every_url_is_refused_after_two_fresh_ones(runware, client):
    script(runware, says("error downloading"))
    with pytest.raises(RefusedError) as caught:
        register(client, mint=signed_urls())
    assert caught.value.code == "download_failed"
    assert [task["downloadURL"][-1] for task in runware.sent_of("modelUpload")] == ["1", "2", "3"]


def test_pings_keep_a_silent_connection_awake(runware):
    def slow(wire, task):
        wire.phase(task, "validated")
        threading.Timer(0.9, wire.phase, (task, "ready")).start()

    script(runware, slow)
    with RunwareClient(runware.endpoint, transport="ws", timings=replace(FAST, ping=0.1, dead=0.5)) as client:
        register(client)
    assert len(runware.sent_of("ping")) >= 5
    assert len(runware.sent_of("authentication")) == 1


def test_a_connection_that_answers_no_ping_is_given_up_and_resumed(runware):
    runware.others["ping"] = is_silent
    script(runware, says("validated"))
    runware.resumed.append(lambda wire, _: wire.phase(runware.sent_of("modelUpload")[0], "ready"))
    with RunwareClient(runware.endpoint, transport="ws", timings=replace(FAST, ping=0.1, dead=0.4)) as client:
        assert statuses(register(client)) == ["validated", "ready"]


def test_two_uploads_share_one_connection(runware, client):
    gate = threading.Barrier(2)

    def interleaved(wire, task):
        wire.phase(task, "validated")
        threading.Thread(target=lambda: (gate.wait(5), wire.phase(task, *PHASES[1:]))).start()

    script(runware, interleaved)
    results = []
    threads = [
        threading.Thread(target=lambda air=air: results.append(register(client, upload(air=air))))
        for air in ("myorg:1@1", "myorg:2@1")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.air for result in results) == ["myorg:1@1", "myorg:2@1"]
    assert all(statuses(result) == list(PHASES) for result in results)
    assert len(runware.sent_of("authentication")) == 1


def test_only_one_submission_at_a_time_is_without_an_answer(runware, client):
    waiting = []

    def refuse_the_first_late(wire, _task):
        waiting.append(time.monotonic())
        time.sleep(0.2)
        wire.error(code="invalidModel", message="the first", taskUUID="N/A")

    script(runware, refuse_the_first_late, says("ready"))
    failed = []

    def first():
        try:
            register(client, upload(air="myorg:1@1"))
        except RefusedError as error:
            failed.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    while not waiting:
        time.sleep(0.01)
    assert register(client, upload(air="myorg:2@1")).air == "myorg:2@1"
    thread.join()
    assert "the first" in failed[0].message
    uploads = [sent for sent in runware.sent if sent.kind == "modelUpload"]
    assert uploads[1].at - uploads[0].at >= 0.2


def test_a_submission_that_waits_for_anothers_answer_does_not_outwait_the_connection(runware, client):
    def drops_later(wire, _task):
        threading.Timer(0.2, wire.drop).start()

    script(runware, drops_later, says("ready"))
    runware.keeps_sessions = False
    started = time.monotonic()
    threads = [threading.Thread(target=register, args=(client, upload(air=f"myorg:{n}@1"))) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {task["air"] for task in runware.sent_of("modelUpload")} == {"myorg:1@1", "myorg:2@1", "myorg:3@1"}
    assert time.monotonic() - started < FAST.answer / 4


def test_a_closed_client_takes_no_more(runware, client):
    client.close()
    with pytest.raises(UnreachableError) as caught:
        register(client)
    assert caught.value.code == "client_closed"


def test_a_bad_key_stops_at_once_and_for_good(runware):
    endpoint = Endpoint(runware.endpoint.rest_url, runware.endpoint.ws_url, SecretStr("wrong"))
    with RunwareClient(endpoint, timings=FAST) as client:
        for _ in range(2):
            with pytest.raises(RefusedError) as caught:
                register(client)
            assert caught.value.code == "unauthorized"
            assert "RUNWARE_API_KEY" in caught.value.hint
    assert len(runware.sent_of("authentication")) == 1
    assert not runware.task_uuids


def test_passing_trouble_of_the_connection_does_not_refuse_the_key(runware, client):
    def restarts(wire, _):
        wire.error(code="serviceUnavailable", message="restarting", taskType="authentication")

    script(runware, restarts, says(*PHASES))
    runware.keeps_sessions = False
    for number in (1, 2):
        assert statuses(register(client, upload(air=f"myorg:{number}@1"))) == list(PHASES)


def test_a_session_that_is_refused_is_forgotten(runware, client):
    script(runware, says_then_drops("validated"), says("ready"))

    def refuse_sessions(wire, task):
        if "connectionSessionUUID" in task:
            wire.error(code="invalidConnectionSessionUUID", message="unknown session", taskType="authentication")
        else:
            wire.item(taskType="authentication", connectionSessionUUID=str(uuid4()))

    runware.others["authentication"] = refuse_sessions
    register(client)
    first, second = runware.task_uuids
    assert first == second
    assert ["connectionSessionUUID" in task for task in runware.sent_of("authentication")] == [False, True, False]


def test_a_deadline_that_passes_leaves_the_upload_pending(runware, client):
    script(runware, says("validated"))
    with pytest.raises(UnreachableError) as caught:
        register(client, seconds=0.4)
    assert caught.value.code == "not_confirmed"
    assert caught.value.retryable
    assert "validated" in caught.value.message
    assert "resume" in caught.value.hint


def test_closing_the_client_ends_its_uploads(runware, client):
    script(runware, says("validated"))
    threading.Timer(0.2, client.close).start()
    with pytest.raises(UnreachableError) as caught:
        register(client)
    assert caught.value.code == "client_closed"
