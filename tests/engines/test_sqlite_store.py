"""The store of one machine: what it keeps, whom it shows it to, and what it survives."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from rw_hooks.engines.local.sqlite_file import _SCHEMA
from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.publication import policy
from rw_hooks.publication.store import Change, Enrolment, JournalError, Key, Result

KEY = Key("a" * 64, "my:1", "https://api.example/v1", "fingerprint-1")
OPTIONS = {"name": {"value": "n", "source": "--name"}}


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "home") as store:
        yield store


def enrolment(key=KEY, path="/runs/a.safetensors", name="item", change=None):
    return Enrolment(name, key, path, path, "here", OPTIONS, {}, change or Change())


def enroll(store, key=KEY, path="/runs/a.safetensors", name="item"):
    return store.enroll(enrolment(key, path, name))


def test_the_same_key_is_the_same_publication(store):
    first = enroll(store)
    again = enroll(store, path="/elsewhere/a.safetensors", name="other")
    assert again.id == first.id == "item"
    assert again.path == "/elsewhere/a.safetensors"
    assert len(store.rows()) == 1


@pytest.mark.parametrize(
    "other",
    [
        Key("b" * 64, "my:1", "https://api.example/v1", "fingerprint-1"),
        Key("a" * 64, "my:2", "https://api.example/v1", "fingerprint-1"),
        Key("a" * 64, "my:1", "https://other.example/v1", "fingerprint-1"),
        Key("a" * 64, "my:1", "https://api.example/v1", "fingerprint-2"),
    ],
)
def test_another_file_air_endpoint_or_account_is_another_publication(store, other):
    assert enroll(store, other, name="other").id != enroll(store).id


def test_an_item_whose_bytes_changed_is_another_publication_of_another_name(store):
    first = enroll(store)
    second = enroll(store, replace(KEY, sha256="b" * 64))
    assert first.id == "item"
    assert second.id not in {"item", ""}


def test_files_that_were_never_read_are_each_their_own(store):
    unread = replace(KEY, sha256="")
    for name in ("one", "two", "one"):
        row = store.enroll(enrolment(unread, name=name, change=Change(status="superseded", begun=1)))
        assert (row.id, row.was_read, row.asked) == (name, False, 0)
    assert [row.id for row in store.rows()] == ["one", "two"]
    assert store.find(unread) is None


def test_two_keys_of_one_organisation_are_one_account(store):
    first = enroll(store)
    for account in ("fingerprint-1", "fingerprint-2"):
        store.remember_account(KEY.endpoint, account, "organisation", "my")
    other = Key(KEY.sha256, KEY.asked_air, KEY.endpoint, "fingerprint-2")
    assert store.find(other) == first
    assert store.find(Key(KEY.sha256, KEY.asked_air, KEY.endpoint, "fingerprint-3")) is None


def test_a_change_is_one_step(store):
    row = enroll(store)
    every = {stage: Result({"stage": stage}, 0.25) for stage in ("describe", "host", "register", "settle")}
    store.apply(row.id, Change(results=every))
    described = Result({"stage": "new"}, 0.5)
    changed = store.apply(
        row.id,
        Change(status="pending", results={"describe": described}, forget=("register", "settle"), begun=1,
               secrets={"host": "https://x/?s=1"}, expires_at="2030-01-01T00:00:00+00:00", air="my:1@1"),
    )  # fmt: skip
    assert (changed.asked, changed.air, changed.expires_at) == (0, "my:1@1", "2030-01-01T00:00:00+00:00")
    assert store.results(row.id) == {"describe": described, "host": every["host"]}
    assert store.secrets(row.id) == {"host": "https://x/?s=1"}


def test_a_change_from_another_status_changes_nothing(store):
    row = store.apply(enroll(store).id, Change(status="cancelled"))
    kept = store.apply(row.id, Change(status="failed", only_from={"pending"}, results={"host": Result({}, 0.0)}))
    assert kept.status == "cancelled"
    assert store.results(row.id) == {}


def test_ready_takes_the_place_of_what_was_live_under_the_same_air(store):
    old, new = enroll(store), enroll(store, Key("b" * 64, "my:1@1", KEY.endpoint, KEY.account), name="new")
    assert store.apply(old.id, Change(status="ready", air="my:1@1")).live
    store.apply(new.id, Change(air="my:1@1"))
    store.apply(new.id, Change(status="ready"))
    assert (store.get(old.id).status, store.get(old.id).live) == ("superseded", False)
    assert (store.get(new.id).status, store.get(new.id).live) == ("ready", True)


def test_a_publication_that_is_over_keeps_no_secret_and_no_submission(store):
    row = enroll(store)
    store.apply(row.id, Change(secrets={"host": "https://files.example/a?signature=canary"}))
    store.save_submission(row.id, {"task_uuid": "u"}, durable=True)
    store.apply(row.id, Change(status="failed", error={"code": "x"}))
    assert store.secrets(row.id) == {"host": "https://files.example/a?signature=canary"}
    assert store.submission(row.id) == {"task_uuid": "u"}
    store.apply(row.id, Change(status="ready"))
    assert store.submission(row.id) is None
    assert store.secrets(row.id) == {"host": "https://files.example/a?signature=canary"}  # it was asked for again
    store.apply(row.id, Change(begun=1))
    assert store.secrets(row.id) == {}


def test_who_asks_meanwhile_is_not_taken_for_begun_with(store):
    row = enroll(store)
    assert enroll(store).asked == 2
    assert store.apply(row.id, Change(status="pending", begun=row.asked)).asked == 1


def test_what_another_model_took_the_place_of_keeps_no_secret(store):
    old, new = enroll(store), enroll(store, replace(KEY, sha256="b" * 64), name="new")
    store.apply(old.id, Change(status="ready", air="my:1@1", begun=1))
    store.apply(old.id, Change(status="pending", secrets={"host": "https://x/?s=1"}))
    store.apply(new.id, Change(status="ready", air="my:1@1", begun=1))
    assert (store.get(old.id).status, store.secrets(old.id)) == ("superseded", {})


@pytest.mark.parametrize(("status", "dropped"), [("pending", True), ("failed", True), ("ready", False)])
def test_only_what_is_not_ready_can_be_cancelled(store, status, dropped):
    row = store.apply(enroll(store).id, Change(status=status))
    assert store.apply(row.id, policy.cancelled(row)).status == ("cancelled" if dropped else status)


def test_versions_are_given_out_once_by_many_threads_and_processes(tmp_path):
    script = (
        "import sys; from pathlib import Path\n"
        "from rw_hooks.engines.local.sqlite_store import SqliteStore\n"
        "from rw_hooks.publication.store import Change, Enrolment, Key\n"
        "with SqliteStore(Path(sys.argv[1])) as store:\n"
        "    for number in range(8):\n"
        "        name = f'{sys.argv[2]}-{number}'\n"
        "        store.enroll(Enrolment(name, Key(name, 'my:1', 'e', 'f'), 'p', 'p', 'm', {}, {}, Change()))\n"
        "        print(store.allocate_air(name, 'my:1@', listed=['my:1@3'], remembered=None))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name], stdout=subprocess.PIPE, text=True)
        for name in "abcd"
    ]
    given = [air for process in processes for air in process.communicate(timeout=60)[0].split()]
    assert sorted(given) == sorted(f"my:1@{version}" for version in range(4, 36))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_only_the_owner_can_read_it(store):
    enroll(store)
    folder = store.path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("journal.sqlite3*")}
    assert set(modes) >= {"journal.sqlite3", "journal.sqlite3-wal"}
    assert set(modes.values()) == {0o600}


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path):
    with SqliteStore(tmp_path) as store:
        enroll(store)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError) as caught:
        SqliteStore(tmp_path)
    assert caught.value.code == "journal_newer"
    assert "pip install -U rw-hooks" in caught.value.hint


def test_a_journal_of_the_first_schema_is_read_without_a_trace(tmp_path):
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_SCHEMA[0])
        database.execute(
            "INSERT INTO publications (id, sha256, asked_air, endpoint, account, path, held, status, air, options,"
            " facts, created_at, updated_at) VALUES ('one', ?, ?, ?, ?, '/p', '/h', 'ready', 'my:1@1', '{}', '{}',"
            " '2026', '2026')",
            (KEY.sha256, KEY.asked_air, KEY.endpoint, KEY.account),
        )
        database.execute("PRAGMA user_version = 1")
        database.commit()
    before = path.read_bytes()
    with SqliteStore.to_look(tmp_path) as store:
        found = store.find(KEY)
    assert found is not None
    assert found.air == "my:1@1"
    assert (path.read_bytes(), [entry.name for entry in tmp_path.iterdir()]) == (before, [path.name])


def test_a_journal_of_the_first_schema_is_taken_over_whole(tmp_path):
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database:
        database.executescript(_SCHEMA[0])
        for identity, sha256, status in (("one", "a" * 64, "pending"), ("two", "unread:1", "failed")):
            database.execute(
                "INSERT INTO publications (id, sha256, asked_air, endpoint, account, path, held, status, air, options,"
                " facts, created_at, updated_at) VALUES (?, ?, 'my:1', 'e', 'f', '/p', '/h', ?, 'my:1@1', '{}', '{}',"
                " '2026', '2026')",
                (identity, sha256, status),
            )
        database.execute("INSERT INTO results VALUES ('one', 'host', '{\"url\": \"u\"}', 1.5, '2026')")
        database.execute("INSERT INTO secrets VALUES ('one', 'host', 'https://x')")
        database.execute("PRAGMA user_version = 1")
        database.commit()
    with SqliteStore(tmp_path) as store:
        first, second = store.rows()
        assert (first.id, first.key.sha256, first.held, first.air) == ("one", "a" * 64, "/h", "my:1@1")
        assert (first.asked, first.expires_at, first.machine) == (0, None, "")
        assert (second.id, second.was_read) == ("two", False)
        assert store.results("one") == {"host": Result({"url": "u"}, 1.5)}
        assert store.secrets("one") == {"host": "https://x"}
        assert store.find(Key("a" * 64, "my:1", "e", "f")) == first
        store.apply("one", Change(status="ready"))
        assert store.secrets("one") == {}


def test_looking_leaves_no_trace(tmp_path):
    with SqliteStore.to_look(tmp_path / "home") as store:
        assert store.rows() == []
        assert store.find(KEY) is None
    assert not (tmp_path / "home").exists()


def test_a_folder_that_cannot_be_written_is_said_with_the_fix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError) as caught:
        SqliteStore(tmp_path / "file" / "home")
    assert "RW_HOOKS_HOME" in caught.value.hint


def test_a_store_opened_twice_in_one_process_loses_nothing_when_another_process_looks(tmp_path):
    script = (
        "import sys; from pathlib import Path; from rw_hooks.engines.local.sqlite_store import SqliteStore\n"
        "with SqliteStore(Path(sys.argv[1])) as store: print(*(row.path for row in store.rows()))"
    )
    look = [sys.executable, "-c", script, str(tmp_path)]
    with SqliteStore(tmp_path) as store:
        enroll(store, path="first")
        SqliteStore(tmp_path).close()
        subprocess.run(look, check=True)
        enroll(store, replace(KEY, sha256="b" * 64), path="second", name="second")
        seen = subprocess.run(look, stdout=subprocess.PIPE, text=True, check=True)
    assert seen.stdout.split() == ["first", "second"]


def test_many_threads_enroll_one_publication(tmp_path):
    with SqliteStore(tmp_path) as store, ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda number: enroll(store, name=f"item-{number}").id, range(32)))
        assert len(names) == len(store.rows()) == 1
