"""The journal: what it keeps, whom it shows it to, and what it survives."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from rw_hooks.engines.local.sqlite_store import Journal
from rw_hooks.publication.store import JournalError, Key

KEY = Key("a" * 64, "my:1", "https://api.example/v1", "fingerprint-1")


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "home") as journal:
        yield journal


def enroll(journal, key=KEY, path="/runs/a.safetensors"):
    return journal.enroll(key, path=path, held=path, options={"name": {"value": "n", "source": "--name"}}, facts={})


def test_the_same_key_is_the_same_publication(journal):
    first = enroll(journal)
    again = enroll(journal, path="/elsewhere/a.safetensors")
    assert again.id == first.id
    assert again.path == "/elsewhere/a.safetensors"
    assert len(journal.rows()) == 1


@pytest.mark.parametrize(
    "other",
    [
        Key("b" * 64, "my:1", "https://api.example/v1", "fingerprint-1"),
        Key("a" * 64, "my:2", "https://api.example/v1", "fingerprint-1"),
        Key("a" * 64, "my:1", "https://other.example/v1", "fingerprint-1"),
        Key("a" * 64, "my:1", "https://api.example/v1", "fingerprint-2"),
    ],
)
def test_another_file_air_endpoint_or_account_is_another_publication(journal, other):
    assert enroll(journal, other).id != enroll(journal).id


def test_two_keys_of_one_organisation_are_one_account(journal):
    first = enroll(journal)
    for account in ("fingerprint-1", "fingerprint-2"):
        journal.remember_account(KEY.endpoint, account, "organisation", "my")
    other = Key(KEY.sha256, KEY.asked_air, KEY.endpoint, "fingerprint-2")
    assert journal.find(other) == first
    assert journal.find(Key(KEY.sha256, KEY.asked_air, KEY.endpoint, "fingerprint-3")) is None


def test_results_stay_until_their_stage_is_reopened(journal):
    row = enroll(journal)
    for stage in ("inspect", "describe", "host", "preflight", "register", "settle"):
        journal.record(row.id, stage, {"stage": stage}, 0.25)
    journal.reopen(row.id, "describe", keep=("host", "preflight"))
    results = journal.results(row.id)
    assert set(results) == {"inspect", "host", "preflight"}
    assert results["host"].value == {"stage": "host"}
    assert results["host"].seconds == 0.25


def test_ready_takes_the_place_of_what_was_live_under_the_same_air(journal):
    old, new = enroll(journal), enroll(journal, Key("b" * 64, "my:1@1", KEY.endpoint, KEY.account))
    for row in (old, new):
        journal.give_air(row.id, "my:1@1")
    journal.end(old.id, "ready")
    assert journal.row(old.id).live
    journal.end(new.id, "ready")
    assert (journal.row(old.id).status, journal.row(old.id).live) == ("superseded", False)
    assert (journal.row(new.id).status, journal.row(new.id).live) == ("ready", True)


def test_a_publication_that_is_over_keeps_no_secret_and_no_submission(journal):
    row = enroll(journal)
    journal.keep_secrets(row.id, {"host": "https://files.example/a?signature=canary"})
    journal.save_submission(row.id, {"task_uuid": "u"})
    journal.end(row.id, "failed", {"code": "x"})
    assert journal.secrets(row.id) == {"host": "https://files.example/a?signature=canary"}
    assert journal.submission(row.id) == {"task_uuid": "u"}
    journal.end(row.id, "ready")
    assert journal.secrets(row.id) == {}
    assert journal.submission(row.id) is None


@pytest.mark.parametrize(("status", "dropped"), [("pending", True), ("failed", True), ("ready", False)])
def test_only_what_is_not_ready_can_be_cancelled(journal, status, dropped):
    row = enroll(journal)
    journal.end(row.id, status)
    assert journal.cancel(row.id) is dropped
    assert journal.row(row.id).status == ("cancelled" if dropped else status)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_only_the_owner_can_read_it(journal):
    enroll(journal)
    folder = journal.path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("journal.sqlite3*")}
    assert set(modes) >= {"journal.sqlite3", "journal.sqlite3-wal"}
    assert set(modes.values()) == {0o600}


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path):
    with Journal(tmp_path) as journal:
        enroll(journal)
    with sqlite3.connect(tmp_path / "journal.sqlite3") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(JournalError) as caught:
        Journal(tmp_path)
    assert caught.value.code == "journal_newer"
    assert "pip install -U rw-hooks" in caught.value.hint


def test_a_folder_that_cannot_be_written_is_said_with_the_mend(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError) as caught:
        Journal(tmp_path / "file" / "home")
    assert "RW_HOOKS_HOME" in caught.value.hint


def test_a_journal_opened_twice_in_one_process_loses_nothing_when_another_process_looks(tmp_path):
    script = (
        "import sys; from pathlib import Path; from rw_hooks.engines.local.sqlite_store import Journal\n"
        "with Journal(Path(sys.argv[1])) as journal: print(*(row.path for row in journal.rows()))"
    )
    look = [sys.executable, "-c", script, str(tmp_path)]
    with Journal(tmp_path) as journal:
        enroll(journal, path="first")
        Journal(tmp_path).close()
        subprocess.run(look, check=True)
        enroll(journal, replace(KEY, sha256="b" * 64), path="second")
        seen = subprocess.run(look, stdout=subprocess.PIPE, text=True, check=True)
    assert seen.stdout.split() == ["first", "second"]


def test_many_threads_and_processes_enroll_one_publication(tmp_path):
    script = (
        "import sys; from pathlib import Path; from rw_hooks.engines.local.sqlite_store import Journal, Key\n"
        "with Journal(Path(sys.argv[1])) as journal:\n"
        "    row = journal.enroll(Key('a' * 64, '', 'e', 'f'), path='p', held='p', options={}, facts={})\n"
        "    print(row.id)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    with Journal(tmp_path) as journal, ThreadPoolExecutor(8) as pool:
        key = Key("a" * 64, "", "e", "f")
        threads = list(pool.map(lambda _: enroll(journal, key).id, range(32)))
    outputs = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert set(threads) == set(outputs)
    assert len(set(threads)) == 1
