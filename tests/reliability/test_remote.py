"""A remote that does its work and loses its answer, or answers with every status there is: never a second effect.

Each case ends in ``ready``, or within the publication's time in an error with a code, a hint and ``resume``, which then
finishes it.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from rw_hooks.errors import ArtifactError, MissingError, RefusedError, UnreachableError
from tests.doubles.faults import Faults
from tests.doubles.fileserver import FileServer, Page
from tests.reliability.harness import World, open_world

HUB = (
    "info", "create", "xet", "paths-info", "preupload", "lfs-batch", "lfs-put", "lfs-complete", "lfs-verify", "commit",
    "resolve", "cdn-get",
)  # fmt: skip
STATUSES = (400, 401, 402, 403, 404, 408, 409, 412, 413, 416, 422, 429, 500, 502, 503, 504, 507, 524)
RETRY_AFTER = ("0", "7", "3600", "soon")
ANSWERS = [*((status, None) for status in STATUSES), *((429, value) for value in RETRY_AFTER), (503, "3600")]
SECONDS = 8.0
SLACK = 6.0  # a started answer may end, a process be killed
TYPED = {kind.exit_code for kind in (ArtifactError, MissingError, RefusedError, UnreachableError)}


def publish_in_spite_of(world: World) -> dict[str, Any]:
    """Publish; what does not get ready must say why, in time, and say what goes on."""
    world.options["timeout"] = SECONDS
    begun = world.begin("publish")
    started = time.monotonic()  # only now: the first process of a test run has to wait for the library's import
    ended = begun.end()
    assert (ended.signal, ended.code, ended.late, ended.orphans) == (0, 0, False, []), ended.said
    assert time.monotonic() - started < SECONDS + SLACK
    assert ended.outcome
    [publication] = ended.outcome
    if publication["status"] != "ready":
        error = publication["error"]
        assert publication["status"] == ("pending" if error["retryable"] else "failed")
        assert error["code"] != "internal_error"
        assert error["message"]
        assert error["hint"]
        assert "Traceback" not in ended.said
    return publication


def finish(world: World) -> None:
    """Go on once the trouble is over; what was ready already stays so.

    A publication keeps the time that it was given, and a busy machine or several bad connections may need it again.
    """
    for _ in range(4):
        ended = world.run("resume")
        assert ended.code == 0, ended.said
        if [row.status for row in world.journal()] == ["ready"]:
            break
    world.require_ready()


def hub_world(tmp_path):
    """Open a world with a private repository and an upload in parts."""
    return open_world(tmp_path, "hub-private")


@pytest.mark.reliability("the answer is lost")
@pytest.mark.parametrize("endpoint", HUB)
def test_a_lost_answer_of_the_hub_is_no_second_effect(tmp_path, endpoint):
    with hub_world(tmp_path) as world:
        assert world.hub
        if endpoint == "lfs-complete":
            world.hub.part_size = 200_000
        world.hub.lose(endpoint)
        world.uploads_most = 2 if endpoint == "lfs-put" else 1  # the Hub's client repeats a PUT by itself: same object
        publish_in_spite_of(world)
        finish(world)
        assert world.hub.faults.take(endpoint) is None  # it was asked


@pytest.mark.slow
@pytest.mark.reliability("the answer is lost")
@pytest.mark.parametrize("endpoint", HUB)
def test_an_answer_lost_again_and_again_is_no_second_effect(tmp_path, endpoint):
    with hub_world(tmp_path) as world:
        assert world.hub
        if endpoint == "lfs-complete":
            world.hub.part_size = 200_000
        world.hub.lose(endpoint, times=1000)
        world.uploads_most = 1000 if endpoint == "lfs-put" else 1
        publish_in_spite_of(world)
        world.hub.faults = Faults()
        finish(world)


PLATFORM: dict[str, dict[str, Any]] = {
    "ack over WebSocket": {"swallow_acks": 1},
    "ack, twice": {"swallow_acks": 2},
    **{
        f"after {phase}": {"drop_after": phase} for phase in ("validated", "downloaded", "optimized", "stored", "ready")
    },
    **{f"{phase} never told": {"skip_phases": (phase,)} for phase in ("validated", "downloaded", "stored")},
    "dropped twice": {"drop_after": "downloaded", "drop_times": 2},
    "every frame twice": {"duplicate_frames": True},
    "frames out of order": {"reorder_frames": True},
    "noise": {"unknown_frames": True, "invalid_json": True, "stray_frames": True},
    "no session": {"no_session_id": True, "drop_after": "validated"},
}
PLATFORM_REST: dict[str, dict[str, Any]] = {
    "ack over REST": {"swallow_acks": 1},
    "half an answer": {"truncate_json": 1},
    "three half answers": {"truncate_json": 3},
    "the gateway gives up on the upload": {"rest_statuses": (200, 200, 524)},
}


@pytest.mark.reliability("the answer is lost")
@pytest.mark.parametrize("faults", PLATFORM.values(), ids=PLATFORM)
def test_a_lost_answer_of_runware_is_no_second_registration(tmp_path, faults):
    with open_world(tmp_path, "url") as world:
        for name, value in faults.items():
            setattr(world.sandbox.faults, name, value)
        assert publish_in_spite_of(world)["status"] == "ready"
        world.require_ready()


@pytest.mark.reliability("the answer is lost")
@pytest.mark.parametrize("faults", PLATFORM_REST.values(), ids=PLATFORM_REST)
def test_a_lost_answer_over_rest_is_no_second_registration(tmp_path, faults):
    with open_world(tmp_path, "url") as world:
        world.options["transport"] = "rest"
        for name, value in faults.items():
            setattr(world.sandbox.faults, name, value)
        publish_in_spite_of(world)
        finish(world)


def answer_badly(world: World, endpoint: str, answer: tuple[int, str | None], times: int) -> None:
    assert world.hub
    status, retry_after = answer
    if endpoint == "lfs-complete":
        world.hub.part_size = 200_000
    world.hub.fail(endpoint, status, times=times, retry_after=retry_after)


# Each endpoint with statuses of its own in the normal set, so that each status is met; all of them in the slow set.
SOME = [(endpoint, ANSWERS[2 * number]) for number, endpoint in enumerate(HUB)]
CALLS = ("account", "search", "upload", "poll")
SOME_CALLS = [(CALLS[number % 4], answer) for number, answer in enumerate(ANSWERS)]
ALL_CALLS = [(call, answer) for call in CALLS for answer in ANSWERS]


@pytest.mark.reliability("a status instead of an answer")
@pytest.mark.parametrize(("endpoint", "answer"), SOME)
def test_a_status_of_the_hub_ends_in_time_and_is_made_good(tmp_path, endpoint, answer):
    with hub_world(tmp_path) as world:
        answer_badly(world, endpoint, answer, times=1)
        publish_in_spite_of(world)
        finish(world)


@pytest.mark.slow
@pytest.mark.reliability("a status instead of an answer")
@pytest.mark.parametrize("times", [1, 1000])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("endpoint", HUB)
def test_every_status_at_every_endpoint_of_the_hub_ends_in_time_and_is_made_good(tmp_path, endpoint, answer, times):
    with hub_world(tmp_path) as world:
        answer_badly(world, endpoint, answer, times)
        publish_in_spite_of(world)
        assert world.hub
        world.hub.faults = Faults()
        finish(world)


@pytest.mark.reliability("a status instead of an answer")
@pytest.mark.parametrize(("call", "answer"), SOME_CALLS)
def test_a_status_of_runware_ends_in_time_and_is_made_good(tmp_path, call, answer):
    call_answered_badly(tmp_path, call, answer)


@pytest.mark.slow
@pytest.mark.reliability("a status instead of an answer")
@pytest.mark.parametrize(("call", "answer"), [case for case in ALL_CALLS if case not in SOME_CALLS])
def test_every_status_of_runware_ends_in_time_and_is_made_good(tmp_path, call, answer):
    call_answered_badly(tmp_path, call, answer)


def call_answered_badly(tmp_path, call, answer):
    with open_world(tmp_path, "url") as world:
        world.options["transport"] = "rest"
        status, retry_after = answer
        world.sandbox.faults.rest_statuses = (*[200] * CALLS.index(call), status)
        world.sandbox.faults.retry_after = retry_after
        publish_in_spite_of(world)
        finish(world)


WEB = [*STATUSES, 302]  # to itself
SOME_WEB = [302, 404, 503]


def file_answered_badly(tmp_path, status):
    """Let the place where the file already is answer with this status until the publication has ended."""
    with open_world(tmp_path, "url") as world, FileServer() as server:
        address = f"/{world.file.name}"
        world.options["host"] = server.url + address
        server.pages[address] = Page(status=status, headers={"Location": address} if status == 302 else {})
        assert publish_in_spite_of(world)["status"] != "ready"
        assert len(server.seen) < 40  # no busy loop
        assert world.uploads() == []
        server.pages[address] = Page(world.file.read_bytes())
        finish(world)


@pytest.mark.reliability("a status instead of an answer")
@pytest.mark.parametrize("status", SOME_WEB)
def test_a_status_of_the_files_own_place_ends_in_time_and_is_made_good(tmp_path, status):
    file_answered_badly(tmp_path, status)


@pytest.mark.slow
@pytest.mark.reliability("a status instead of an answer")
@pytest.mark.parametrize("status", [status for status in WEB if status not in SOME_WEB])
def test_every_status_of_the_files_own_place_ends_in_time_and_is_made_good(tmp_path, status):
    file_answered_badly(tmp_path, status)
