"""Jobs are named by what `jobs` lists, wherever they are, and only one at a time."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

import pytest

from rw_hooks.api.jobs import cancel, jobs, resume
from rw_hooks.api.publish import publish
from rw_hooks.config.settings import load
from rw_hooks.errors import UnreachableError, UsageError
from rw_hooks.hook import PublishHook
from rw_hooks.publication.observer import Silent
from rw_hooks.sandbox import Sandbox
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.named_locks import held
from tests.doubles.saves import save
from tests.doubles.training import Training


@pytest.fixture
def handed(tmp_path, sandbox, monkeypatch):
    """Return a training whose two saves wait in the inbox under ids that begin alike, and its settings."""
    training = Training(tmp_path / "run", tmp_path / "home", sandbox)
    training.folder.mkdir()
    monkeypatch.chdir(training.folder)
    for name, value in training.environ.items():
        monkeypatch.setenv(name, value)
    hook = PublishHook(which="all")
    for number in (1, 2):
        hook.on_save(save(training.folder / f"{number}.safetensors", number), step=number)
    hook.on_end()
    for number, file in enumerate(sorted((training.home / "inbox").iterdir())):
        record = json.loads(file.read_text()) | {"id": f"abc{number}56789012"}
        file.with_name(f"{record['id']}.json").write_text(json.dumps(record))
        file.unlink()
    return training, load(environ=training.environ, directory=training.folder)


@pytest.mark.parametrize("work", [cancel, lambda settings, name: list(resume(settings, [name], Silent()))])
@pytest.mark.parametrize("name", ["", "abc", "abd"])
def test_a_name_that_is_none_or_of_several_is_refused(handed, work, name):
    training, settings = handed
    with pytest.raises(UsageError):
        work(settings, name)
    assert len(training.handed()) == 2


def test_what_waits_in_the_inbox_is_resumed_and_cancelled_by_its_name(handed, sandbox):
    training, settings = handed
    [ready] = resume(settings, ["abc0"], Silent())
    assert ready.status == "ready"
    assert cancel(settings, "abc1").status == "cancelled"
    assert training.handed() == []
    assert [entry.status for entry in jobs(settings)] == ["ready"]


def test_what_is_just_being_taken_cannot_be_cancelled(handed):
    training, settings = handed
    with (
        held(settings.home, "item abc056789012", Deadline.after(1.0)),
        pytest.raises(UnreachableError, match="another process"),
    ):
        cancel(settings, "abc0")
    assert len(training.handed()) == 2


def test_a_job_of_another_endpoint_is_not_sent_to_this_one(handed, tmp_path):
    training, _ = handed
    with Sandbox(tmp_path / "other") as other:
        environ = {**training.environ, "RUNWARE_API_URL": other.api_url, "RUNWARE_WS_URL": other.ws_url}
        elsewhere = load(environ=environ, directory=training.folder)
        with pytest.raises(UsageError, match=r"is for http"):
            list(resume(elsewhere, ["abc0"], Silent()))
        [item] = [item for item in training.handed() if item.id == "abc056789012"]
        assert list(resume(elsewhere, [], Silent())) == []
        assert dict(other.world.registrations) == {}
        assert item in training.handed()


def test_a_row_of_another_endpoint_is_not_sent_to_this_one(tmp_path, sandbox, settings, lora):
    sandbox.faults.fail_after = "downloaded"
    failed = publish(lora, settings=settings())
    assert failed.status == "failed"
    with Sandbox(tmp_path / "other") as other:
        elsewhere = replace(settings(), api_url=other.api_url, ws_url=other.ws_url)
        with pytest.raises(UsageError, match=r"is for http"):
            list(resume(elsewhere, [str(failed.id)], Silent()))
        assert dict(other.world.registrations) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is Unicode")
def test_a_hand_over_whose_name_is_not_utf8_ends_as_failed_and_stops_no_other(handed):
    training, settings = handed
    odd = save(training.folder / "3.safetensors", 3).rename(
        os.fsdecode(bytes(training.folder) + b"/caf\xe9.safetensors")
    )
    hook = PublishHook(which="all")
    hook.on_save(odd)
    hook.on_end()
    assert [entry.path for entry in jobs(settings) if entry.path.endswith("caf\\xe9.safetensors")]
    ended = list(resume(settings, [], Silent()))
    assert sorted(entry.status for entry in ended) == ["failed", "ready", "ready"]
    assert [entry.error["code"] for entry in ended if entry.error] == ["name_not_utf8"]
    assert training.handed() == []
    assert list(resume(settings, [], Silent())) == []
