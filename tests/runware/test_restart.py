"""A worker that dies and comes back with nothing but the ledger."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from rw_hooks.errors import UnreachableError
from rw_hooks.runware import RunwareClient, Submission
from rw_hooks.support.failpoints import set_trigger
from tests.doubles.runware_script import (
    FAST,
    IMPATIENT,
    PHASES,
    Began,
    Said,
    Sent,
    is_silent,
    refuses,
    says,
    says_then_drops,
)
from tests.runware.helpers import MemoryLedger, register, script, statuses, upload


class DiedError(BaseException):
    """Stands for the process's end."""


@pytest.fixture
def dies_at():
    """Have the process 'die' the first time it comes to a named point."""

    def set_point(name):
        def trigger(reached):
            if reached == name:
                set_trigger(None)
                raise DiedError

        set_trigger(trigger)

    yield set_point
    set_trigger(None)


def run(runware, ledger, transport="ws", timings=FAST, **more):
    runware.log.append(Began())
    with RunwareClient(runware.endpoint, transport=transport, timings=timings) as client:
        return register(client, ledger=ledger, **more)


def test_the_task_is_in_the_ledger_before_it_is_sent(runware):
    class Watching(MemoryLedger):
        def save(self, submission):
            super().save(submission)
            order.append(submission.task_uuid)

    order = []
    ledger = Watching()
    run(runware, ledger, on_phase=lambda _: None)
    first_sent = next(entry for entry in runware.log if isinstance(entry, Sent) and entry.kind == "modelUpload")
    assert order[0] == first_sent.task["taskUUID"]
    assert ledger.saved[0].sent_at is None
    assert ledger.saved[-1].sent_at is not None
    assert ledger.saved[-1].session_uuid is not None
    assert ledger.saved[-1].accepted


def test_the_ledger_holds_json_without_secrets(runware):
    ledger = MemoryLedger()
    run(runware, ledger)
    text = "".join(saved.model_dump_json() for saved in ledger.saved)
    assert "nobody-may-see" not in text
    assert Submission.model_validate_json(ledger.saved[-1].model_dump_json()) == ledger.saved[-1]


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_after_a_crash_before_sending_the_same_task_is_sent(runware, dies_at, transport):
    ledger = MemoryLedger()
    dies_at("register.before_send")
    with pytest.raises(DiedError):
        run(runware, ledger, transport)
    assert not runware.task_uuids
    run(runware, ledger, transport, IMPATIENT)
    assert runware.task_uuids == [ledger.saved[0].task_uuid]


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_after_a_crash_right_after_sending_the_same_task_is_sent_and_known_there(runware, dies_at, transport):
    script(runware, says("validated"), refuses("conflictTaskUUID"), says("ready"))
    runware.models = [{"air": "myorg:1@1"}]
    ledger = MemoryLedger()
    dies_at("register.after_send")
    with pytest.raises(DiedError):
        run(runware, ledger, transport)
    run(runware, ledger, transport, IMPATIENT)
    first, second, third = runware.task_uuids
    assert first == second == ledger.saved[0].task_uuid
    assert third != first


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_after_a_crash_while_it_was_sent_our_own_model_is_no_conflict(runware, dies_at, transport):
    script(runware, says("validated"), refuses("modelAlreadyExists"), says("ready"))
    runware.models = [{"air": "myorg:1@1"}]
    ledger = MemoryLedger()
    dies_at("register.after_send")
    with pytest.raises(DiedError):
        run(runware, ledger, transport)
    assert statuses(run(runware, ledger, transport, IMPATIENT))[-1] == "ready"


def test_after_a_restart_the_session_is_resumed_and_nothing_is_sent_again(runware):
    ledger = MemoryLedger()
    script(runware, says("validated"))
    with pytest.raises(UnreachableError):
        run(runware, ledger, seconds=0.2)
    runware.resumed.append(lambda wire, _: wire.phase(runware.sent_of("modelUpload")[0], *PHASES[1:]))
    told = []
    assert statuses(run(runware, ledger, on_phase=told.append)) == list(PHASES)
    assert [phase.status for phase in told] == list(PHASES[1:])
    assert len(runware.task_uuids) == 1


def test_two_uploads_of_one_session_are_resumed_together(runware):
    ledgers = {"myorg:1@1": MemoryLedger(), "myorg:2@1": MemoryLedger()}
    script(runware, says("validated"))
    with RunwareClient(runware.endpoint, transport="ws", timings=FAST) as client:
        for air, ledger in ledgers.items():
            with pytest.raises(UnreachableError):
                register(client, upload(air=air), ledger=ledger, seconds=0.2)
    runware.resumed.append(lambda wire, _: [wire.phase(task, "ready") for task in runware.sent_of("modelUpload")])
    with RunwareClient(runware.endpoint, transport="ws", timings=FAST) as client:
        for air, ledger in ledgers.items():
            assert register(client, upload(air=air), ledger=ledger).air == air
    assert len(runware.task_uuids) == 2


def test_a_ready_in_the_ledger_needs_nothing_more(runware):
    ledger = MemoryLedger()
    run(runware, ledger)
    sent = len(runware.sent_of("modelUpload"))
    assert statuses(run(runware, ledger)) == list(PHASES)
    assert len(runware.sent_of("modelUpload")) == sent


def test_a_changed_request_is_a_task_of_its_own_under_the_same_identifier(runware):
    ledger = MemoryLedger()
    run(runware, ledger)
    with RunwareClient(runware.endpoint, timings=FAST) as client:
        register(client, upload(name="Maya II"), ledger=ledger)
    first, second = runware.sent_of("modelUpload")
    assert first["taskUUID"] != second["taskUUID"]
    assert (first["air"], first["uniqueIdentifier"]) == (second["air"], second["uniqueIdentifier"])
    assert ledger.saved[-1].attempt == 1


def test_a_restart_over_rest_of_what_went_over_websocket_sends_the_same_task(runware):
    ledger = MemoryLedger()
    script(runware, says("validated"), says("ready"))
    with pytest.raises(UnreachableError):
        run(runware, ledger, seconds=0.2)
    assert statuses(run(runware, ledger, "rest")) == ["validated", "ready"]
    assert len(set(runware.task_uuids)) == 1


@pytest.mark.parametrize("phase", PHASES)
def test_a_crash_while_a_phase_is_told_loses_nothing(runware, phase):
    def die(told):
        if told.status == phase:
            raise DiedError

    ledger = MemoryLedger()
    with pytest.raises(DiedError):
        run(runware, ledger, on_phase=die)
    script(runware, says("ready"))
    assert statuses(run(runware, ledger, timings=IMPATIENT))[-1] == "ready"
    said = [entry.item for entry in runware.log if isinstance(entry, Said)]
    assert sum(item.get("status") == "ready" for item in said) >= 1


def test_a_drop_in_the_middle_of_sending_is_no_second_upload(runware):
    script(runware, says_then_drops(), says(*PHASES))
    runware.keeps_sessions = False
    run(runware, MemoryLedger())
    assert len(set(runware.task_uuids)) == 1


# Only the shorter silence, of who comes back, is over within these tests.
COMES_BACK = replace(IMPATIENT, answer=60, silence=60)
WAYS = [("ws", True), ("ws", False), ("rest", True)]


def falls_silent(*repeated):
    """Return a platform that takes the first task and then says nothing more of it; a second one is ready at once."""
    first = []

    def script(wire, task):
        if not first:
            first.append(task["taskUUID"])
            wire.phase(task, "validated")
        elif task["taskUUID"] != first[0]:
            wire.phase(task, "ready")
        elif repeated:
            wire.phase(task, *repeated)
        else:
            wire.error(code="conflictTaskUUID", message="known", taskUUID=task["taskUUID"])

    return script


def dies_with(runware, ledger, transport="ws"):
    """Let a process begin, and end when the first status is in its ledger."""

    def die(_):
        raise DiedError

    with pytest.raises(DiedError):
        run(runware, ledger, transport, on_phase=die)


@pytest.mark.parametrize("repeated", [(), ("validated",)])
@pytest.mark.parametrize(("transport", "keeps_sessions"), WAYS)
def test_what_falls_silent_is_asked_for_anew_by_the_next_process(runware, transport, keeps_sessions, repeated):
    script(runware, falls_silent(*repeated))
    runware.keeps_sessions = keeps_sessions
    ledger = MemoryLedger()
    dies_with(runware, ledger, transport)
    began = time.monotonic()
    assert statuses(run(runware, ledger, transport, COMES_BACK)) == ["validated", "ready"]
    assert COMES_BACK.resume_silence <= time.monotonic() - began < 10
    first, *_, last = runware.sent_of("modelUpload")
    assert len(set(runware.task_uuids)) == 2
    assert (first["air"], first["uniqueIdentifier"]) == (last["air"], last["uniqueIdentifier"])
    assert ledger.saved[-1].attempt == 2


def test_what_was_never_answered_is_asked_for_anew_by_the_next_process(runware, dies_at):
    script(runware, is_silent, is_silent, says("ready"))
    runware.keeps_sessions = False
    ledger = MemoryLedger()
    dies_at("register.after_send")
    with pytest.raises(DiedError):
        run(runware, ledger)
    assert statuses(run(runware, ledger, timings=COMES_BACK)) == ["ready"]
    first, second, third = runware.task_uuids
    assert first == second != third


def test_news_end_the_haste_of_a_process_that_comes_back(runware):
    def slow(wire, _):
        task = runware.sent_of("modelUpload")[0]
        wire.phase(task, "downloaded")
        threading.Timer(3 * COMES_BACK.resume_silence, wire.phase, (task, "ready")).start()

    script(runware, says("validated"))
    runware.resumed.append(slow)
    ledger = MemoryLedger()
    dies_with(runware, ledger)
    assert statuses(run(runware, ledger, timings=COMES_BACK)) == ["validated", "downloaded", "ready"]
    assert len(runware.task_uuids) == 1


def ago(seconds):
    return (datetime.now(timezone.utc) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def left_behind(**changes):
    known = {
        "task_uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
        "request_digest": upload().digest(),
        "accepted": True,
    }
    return Submission.model_validate({**known, "sent_at": ago(900), **changes})


@pytest.mark.parametrize(
    "heard",
    [
        {"heard_at": ago(400)},
        {"phases": [{"status": "validated", "at": ago(400)}]},
        {},
        {"accepted": False},
    ],
    ids=["as it is kept", "as it was kept before", "nothing but the sending", "never answered"],
)
@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_after_a_silence_of_five_minutes_a_process_asks_anew_at_once(runware, heard, transport):
    ledger = MemoryLedger(left_behind(**heard))
    script(runware, says("ready"))
    assert statuses(run(runware, ledger, transport))[-1] == "ready"
    [sent] = runware.task_uuids
    assert sent != ledger.saved[0].task_uuid


@pytest.mark.parametrize("heard_at", ["short", "ahead", "garbage", "2999-01-01T00:00:00"])
def test_a_silence_that_is_short_or_lies_in_the_future_leads_to_the_same_task(runware, heard_at):
    moment = {"short": ago(100), "ahead": ago(-3600)}.get(heard_at, heard_at)
    ledger = MemoryLedger(left_behind(heard_at=moment, sent_at=ago(100)))
    script(runware, says("ready"))
    run(runware, ledger)
    assert runware.task_uuids == [ledger.saved[0].task_uuid]


def test_a_clock_that_was_set_back_does_not_make_the_next_process_wait_longer(runware):
    script(runware, falls_silent())
    ledger = MemoryLedger()
    dies_with(runware, ledger, "rest")
    ledger.save(ledger.saved[-1].model_copy(update={"heard_at": ago(-86400), "sent_at": ago(-86400)}))
    assert statuses(run(runware, ledger, "rest", COMES_BACK))[-1] == "ready"


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_nothing_is_saved_only_to_tell_when_something_was_heard(runware, transport):
    def repeats(wire, task):
        wire.phase(task, *PHASES[:-1], *PHASES[:-1], "stored", "ready")

    ledger = MemoryLedger()
    script(runware, repeats)
    run(runware, ledger, transport)
    begun_and_sent = 2
    assert len(ledger.saved) == begun_and_sent + len(PHASES)
    assert [saved.heard_at is not None for saved in ledger.saved] == [False] * begun_and_sent + [True] * len(PHASES)


def test_a_submission_of_an_older_version_is_read():
    older = left_behind().model_dump(exclude={"heard_at"})
    assert Submission.model_validate(older).heard_at is None
