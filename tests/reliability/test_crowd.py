"""Many processes at once: one publication, and states that are right for all of them."""

from __future__ import annotations

import json
import time

import pytest

from rw_hooks.sandbox import Sandbox
from tests.reliability.harness import AIR, World, open_world

CLASS = "many at once"


def settle(world: World, processes: list, seconds: float = 100.0) -> list:
    ended = [process.end(seconds) for process in processes]
    assert {(entry.signal, entry.code, entry.late) for entry in ended} == {(0, 0, False)}, [e.said for e in ended]
    return [publication for entry in ended for publication in entry.outcome or []]


@pytest.mark.reliability(CLASS, cases=64)
def test_64_processes_publish_one_file_to_one_air_once(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.options["timeout"] = 100
        publications = settle(world, [world.begin("publish") for _ in range(64)])
        assert {(entry["status"], entry["air"]) for entry in publications} == {("ready", AIR)}
        assert [entry["changed"] for entry in publications].count("registered") == 1
        world.require_ready()


@pytest.mark.reliability(CLASS, cases=8)
def test_processes_that_leave_the_version_to_us_get_one_between_them(tmp_path):
    with open_world(tmp_path, "hub-private") as world:
        world.options["air"] = AIR.partition("@")[0]
        publications = settle(world, [world.begin("publish") for _ in range(8)])
        assert {(entry["status"], entry["air"]) for entry in publications} == {("ready", f"{world.options['air']}@1")}
        assert [task["air"] for task in world.uploads()] == [f"{world.options['air']}@1"]
        assert world.hub
        assert (world.hub.counts["uploads"], world.hub.counts["commits"]) == (1, 1)


@pytest.mark.reliability(CLASS, cases=8)
def test_two_airs_for_one_file_at_once_are_two_models_and_both_are_in_the_receipt(tmp_path):
    with open_world(tmp_path, "dir") as world:
        airs = [f"sandbox:{number}@1" for number in range(1, 9)]
        settle(world, [world.begin("publish", options={**world.options, "air": air}) for air in airs])
        registered = world.sandbox.world.registrations
        assert {key: registered[key] for key in registered} == {(air, world.sha256): 1 for air in airs}
        receipt = json.loads(world.file.with_name(world.file.name + ".rw.json").read_text())
        assert set(receipt["airs"]) == set(airs)
        assert [path.name for path in world.sandbox.folder.iterdir()] == [world.file.name]
        world.require_tidy()


@pytest.mark.reliability(CLASS, cases=2)
def test_two_airs_whose_copies_end_at_the_same_moment_share_one(tmp_path):
    with open_world(tmp_path, "dir") as world:
        begun = []
        for number in (1, 2):
            until = tmp_path / f"until-{number}"
            options = {**world.options, "air": f"sandbox:{number}@1"}
            begun.append(world.begin("publish", options=options, point="dir.before_rename", until=str(until)))
        for number in (1, 2):
            while not (tmp_path / f"until-{number}.reached").exists():
                time.sleep(0.01)
        for number in (1, 2):
            (tmp_path / f"until-{number}").touch()
        settle(world, begun)
        assert [path.name for path in world.sandbox.folder.iterdir()] == [world.file.name]
        world.require_tidy()


@pytest.mark.reliability(CLASS, cases=8)
def test_eight_ranks_call_one_hook_and_one_hands_over(tmp_path):
    with open_world(tmp_path, "dir") as world:
        base = dict(world.environ)
        begun = []
        for rank in range(8):
            world.environ = {**base, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "8"}
            begun.append(world.begin("train"))
        world.environ = base
        settle(world, begun)
        assert len(list((world.home / "inbox").glob("*.json"))) == 1
        assert world.run("resume").code == 0
        world.require_ready()


@pytest.mark.reliability(CLASS, cases=4)
def test_workers_and_resumes_at_once_publish_one_hand_over_once(tmp_path):
    with open_world(tmp_path, "dir") as world:
        assert world.run("train").code == 0
        settle(world, [world.begin(work) for work in ("drain", "resume", "drain", "resume")])
        world.require_ready()


@pytest.mark.reliability(CLASS, cases=2)
@pytest.mark.parametrize("first", ["cancel", "resume"])
def test_cancel_and_resume_at_once_end_in_one_state(tmp_path, first):
    with open_world(tmp_path, "url", delay=0.1) as world:
        world.run("publish", point="register.before_send")
        [row] = world.journal()
        order = ["cancel", "resume"] if first == "cancel" else ["resume", "cancel"]
        processes = [world.begin(work, name=row.id) for work in order]
        ended = [process.end() for process in processes]
        assert not any(entry.late or entry.signal for entry in ended)
        [row] = world.journal()
        registered = dict(world.sandbox.world.registrations)
        assert registered in ({}, {(AIR, world.sha256): 1})
        assert row.status in {"cancelled", "ready"}
        if row.status == "ready":
            world.require_ready()
        # What was dropped too late may still get ready at the platform; publishing again finds it there.
        assert world.run("publish").code == 0
        world.require_ready()


@pytest.mark.reliability(CLASS, cases=2)
def test_two_keys_and_two_endpoints_in_one_state_folder_never_cross(tmp_path):
    with open_world(tmp_path, "url") as world, Sandbox(tmp_path / "other") as other:
        (other.folder / world.file.name).write_bytes(world.file.read_bytes())
        first, here = dict(world.environ), dict(world.options)
        world.run("publish", point="journal.submission.after")
        world.environ |= {"RUNWARE_API_URL": other.api_url, "RUNWARE_WS_URL": other.ws_url}
        world.options |= {"host": f"{other.files_url}{world.file.name}"}
        assert world.run("publish").code == 0
        assert world.uploads() == []
        world.environ |= {"RUNWARE_API_KEY": "another-key-0123456789"}
        assert world.run("resume").code == 0
        assert (len(world.uploads()), len(other.world.registrations)) == (0, 1)
        world.environ, world.options = first, here
        assert world.run("resume").code == 0
        world.require_once()
        assert dict(other.world.registrations) == {(AIR, world.sha256): 1}
        assert sorted(row.status for row in world.journal()) == ["ready", "ready"]


@pytest.mark.reliability(CLASS, cases=2)
def test_two_copies_of_one_file_at_two_places_are_one_publication(tmp_path):
    with open_world(tmp_path, "dir") as world:
        copy = tmp_path / "elsewhere" / world.file.name
        copy.parent.mkdir()
        copy.write_bytes(world.file.read_bytes())
        settle(world, [world.begin("publish"), world.begin("publish", files=[str(copy)])])
        world.receipt_required = False
        world.require_ready()


@pytest.mark.slow
@pytest.mark.reliability(CLASS, cases=64)
def test_64_processes_one_after_the_other_killed_at_any_time_publish_once(tmp_path):
    with open_world(tmp_path, "dir") as world:
        processes = [world.begin("publish") for _ in range(64)]
        time.sleep(0.5)
        for process in processes[::2]:
            process.kill()
        for process in processes:
            process.end(100)
        assert world.run("resume").code == 0
        assert world.run("publish").code == 0
        world.age()
        assert world.run("resume").code == 0
        world.require_ready()
