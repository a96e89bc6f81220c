"""The file changes under our feet, or is none: never a mixed file, never another one than was inspected."""

from __future__ import annotations

import os
import socket

import pytest

from tests.reliability.harness import AIR, World, open_world

CLASS = "the file under our feet"
ACTS = ("rewrite", "truncate", "delete", "replace", "grow")
MOMENTS = ("journal.enroll.before", "host.before_upload", "dir.before_rename", "preflight.before")
IN_FOLDER = [("dir", point, act) for act in ACTS for point in MOMENTS]
IN_HUB = [("hub-private", point, act) for act in ACTS for point in ("hub.child.started", "hub.after_commit")]
FAST = [*IN_FOLDER[::2], *IN_HUB[::3]]
REST = [*IN_FOLDER[1::2], *[case for case in IN_HUB if case not in FAST]]


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(("host", "point", "act"), FAST)
def test_only_what_was_inspected_is_ever_published(tmp_path, host, point, act):
    change_meanwhile(tmp_path, host, point, act)


@pytest.mark.slow
@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(("host", "point", "act"), REST)
def test_only_what_was_inspected_is_ever_published_whenever_it_changes(tmp_path, host, point, act):
    change_meanwhile(tmp_path, host, point, act)


def change_meanwhile(tmp_path, host, point, act):
    with open_world(tmp_path, host) as world:
        world.options["timeout"] = 8
        content = world.file.read_bytes()
        ended = world.run("publish", act=act, point=point)
        assert (ended.code, ended.late) == (0, False), ended.said
        assert ended.outcome
        [publication] = ended.outcome
        require_whole(world)
        if publication["status"] != "ready":
            assert publication["error"]["code"] in {
                "artifact_changed",
                "file_gone",
                "artifact_gone",
                "hosted_bytes_differ",
            }
            assert publication["error"]["hint"]
        world.file.write_bytes(content)
        again = world.run("publish")
        assert again.outcome
        assert again.outcome[0]["status"] == "ready", again.outcome
        require_whole(world)


def require_whole(world: World) -> None:
    models = world.sandbox.world.models
    assert {model.sha256 for model in models.values() if model.status == "ready"} <= {world.sha256}
    assert set(world.sandbox.world.registrations) <= {(AIR, world.sha256)}
    assert not world.hub or set(world.hub.objects) <= {world.sha256}


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("kind", ["symlink", "hard link", "symlink to a symlink"])
def test_a_link_is_published_as_the_file_that_it_names(tmp_path, kind):
    with open_world(tmp_path, "dir") as world:
        real = world.file.rename(tmp_path / "real.safetensors")
        if kind == "hard link":
            world.file.hardlink_to(real)
        elif kind == "symlink":
            world.file.symlink_to(real)
        else:
            (tmp_path / "between").symlink_to(real)
            world.file.symlink_to(tmp_path / "between")
        assert world.run("publish").code == 0
        world.require_ready()


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize(
    "kind", ["fifo", "device", "endless device", "folder", "socket", "loop", "nothing", "unreadable"]
)
def test_what_is_no_file_is_refused_at_once(tmp_path, kind):
    with open_world(tmp_path, "dir") as world:
        world.file.unlink()
        with socket.socket(socket.AF_UNIX) as listener:
            if kind == "fifo":
                os.mkfifo(world.file)
            elif kind.endswith("device"):
                world.file.symlink_to("/dev/null" if kind == "device" else "/dev/zero")
            elif kind == "folder":
                world.file.mkdir()
            elif kind == "socket":
                os.chdir(world.file.parent)
                listener.bind(world.file.name)
            elif kind == "loop":
                world.file.symlink_to(world.file)
            elif kind == "unreadable":
                world.file.symlink_to("/proc/self/mem")
            ended = world.run("publish", seconds=20)
        assert (ended.code, ended.late) == (0, False), ended.said
        assert ended.outcome
        assert ended.outcome[0]["status"] == "failed"
        assert ended.outcome[0]["error"]["code"] != "internal_error"
        assert world.uploads() == []


NAMES = {
    "newline": "two\nlines", "unicode": "Übung 模型 🎨", "long": "x" * 230, "url signs": "a b%20c?d#e", "dash": "-rf",
    "dot": ".hidden", "escape": "tab\t\x1b[31mred",
}  # fmt: skip


@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_odd_name_is_no_trouble_or_is_said(tmp_path, name):
    publish_as(tmp_path, "dir", name)


@pytest.mark.slow
@pytest.mark.reliability(CLASS)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_odd_name_on_the_hub_is_no_trouble_or_is_said(tmp_path, name):
    publish_as(tmp_path, "hub-private", name)


def publish_as(tmp_path, host, name):
    with open_world(tmp_path, host) as world:
        world.file = world.file.rename(world.file.with_name(f"{name}.safetensors"))
        ended = world.run("publish")
        assert ended.code == 0, ended.said
        assert ended.outcome
        [publication] = ended.outcome
        if publication["status"] == "ready":
            world.require_ready()
        else:
            assert publication["error"]["code"] != "internal_error", publication
            assert publication["error"]["hint"]
