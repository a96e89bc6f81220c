"""The state folder is damaged, of another version, full or read-only: nothing is lost in silence or done twice."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reliability.harness import AIR, World, open_world

pytestmark = pytest.mark.reliability("a damaged or foreign state folder")


def _overwritten_head(file: Path) -> None:
    file.write_bytes(b"<html>not a database</html>" * 200)


def _truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096 + 100)


def _page_of_noise(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(4096))


def _every_page_of_noise(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(100)
        stream.write(os.urandom(size - 100))


DAMAGES = (_overwritten_head, _truncated, _page_of_noise, _every_page_of_noise)


def settle_log(home: Path) -> None:
    """Have the write-ahead log written into the file, so that damaging the file damages what is in it."""
    with sqlite3.connect(home / "journal.sqlite3") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def damage(world: World, how: Callable[[Path], None]) -> None:
    settle_log(world.home)
    how(world.home / "journal.sqlite3")


def aside(world: World) -> list[Path]:
    return [path for path in world.home.glob("journal.sqlite3.corrupt-*") if path.name.endswith(tuple("0123456789"))]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_journal_is_kept_aside_and_publishing_again_does_nothing_twice(tmp_path, how):
    with open_world(tmp_path, "dir") as world:
        assert world.run("publish").code == 0
        damage(world, how)
        again = world.run("publish", level="WARNING")
        assert again.code == 0, again.said
        assert "was damaged" in again.said
        assert len(aside(world)) == 1
        world.require_ready()


def test_after_a_damage_the_next_free_version_is_the_one_of_the_receipt(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.options["air"] = AIR.partition("@")[0]
        first = world.run("publish")
        assert first.outcome
        assert first.outcome[0]["air"] == AIR
        damage(world, _truncated)
        again = world.run("publish")
        assert again.outcome
        assert again.outcome[0]["air"] == AIR
        assert not [finding for finding in again.outcome[0]["findings"] if finding["code"] == "replaces_weights"]
        world.require_once()


def test_a_journal_damaged_in_the_middle_of_a_publication_is_made_good_by_the_same_command(tmp_path):
    with open_world(tmp_path, "hub-private") as world:
        world.run("publish", point="register.phase.downloaded")
        damage(world, _overwritten_head)
        again = world.run("publish")
        assert again.code == 0, again.said
        world.require_ready()


def _deleted(file: Path) -> None:
    for part in file.parent.glob(file.name + "*"):
        part.unlink()


@pytest.mark.parametrize("host", ["dir", pytest.param("hub-private", marks=pytest.mark.slow)])
@pytest.mark.parametrize("how", [_overwritten_head, _truncated, _deleted])
@pytest.mark.parametrize("point", ["inbox.after_remove", "host.after_upload", "register.phase.downloaded"])
def test_a_journal_lost_in_the_middle_of_a_publication_is_made_good_by_resume_alone(tmp_path, point, how, host):
    with open_world(tmp_path, host) as world:
        world.run("publish", point=point)
        damage(world, how)
        resumed = world.run("resume")
        assert resumed.code == 0, resumed.said
        world.require_ready()


def test_a_hand_over_survives_a_damaged_journal(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.run("publish", point="inbox.after_rename")
        world.home.joinpath("journal.sqlite3").write_bytes(b"noise" * 2000)
        resumed = world.run("resume")
        assert resumed.code == 0, resumed.said
        world.require_ready()


def test_the_same_command_again_takes_up_the_hand_over_that_it_left(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.run("publish", point="inbox.after_rename")
        assert len(list((world.home / "inbox").iterdir())) == 1
        again = world.run("publish")
        assert again.code == 0, again.said
        world.require_ready()


def test_a_journal_of_a_newer_version_is_left_alone_and_said(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.run("publish", point="host.before_upload")
        _set_version(world.home, 99)
        before = (world.home / "journal.sqlite3").read_bytes()
        newer = world.run("resume")
        assert newer.outcome
        assert newer.outcome[0]["error"]["code"] == "journal_newer"
        assert (world.home / "journal.sqlite3").read_bytes() == before
        assert world.uploads() == []
        _set_version(world.home, 1)
        assert world.run("resume").code == 0
        world.require_ready()


def _set_version(home: Path, number: int) -> None:
    settle_log(home)
    with sqlite3.connect(home / "journal.sqlite3") as database:
        database.execute(f"PRAGMA user_version = {number}")
    database.close()
    settle_log(home)


def test_a_hand_over_of_a_newer_version_waits_for_it(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.run("publish", point="inbox.after_rename")
        [item] = (world.home / "inbox").glob("*.json")
        record = json.loads(item.read_text())
        item.write_text(json.dumps({**record, "schema": 99}))
        assert world.run("resume").code == 0
        assert world.uploads() == []
        item.write_text(json.dumps(record))
        assert world.run("resume").code == 0
        world.require_ready()


@pytest.mark.parametrize("left", ["nothing", "{", "[]", '{"schema": 1}', "\0" * 100])
def test_what_is_no_hand_over_harms_no_other(tmp_path, left):
    with open_world(tmp_path, "dir") as world:
        world.run("publish", point="inbox.after_rename")
        (world.home / "inbox" / "foreign.json").write_text(left)
        assert world.run("resume").code == 0
        (world.home / "inbox" / "foreign.json").unlink()
        world.require_ready()


def test_a_state_folder_that_is_locked_by_a_living_process_is_waited_for(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.run("publish", point="host.before_upload")
        database = sqlite3.connect(world.home / "journal.sqlite3", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        waiting = world.begin("resume")
        database.execute("COMMIT")
        database.close()
        assert waiting.end().code == 0
        world.require_ready()
