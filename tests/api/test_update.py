"""An update changes what was asked for, and nothing that nobody knows of."""

from __future__ import annotations

import pytest

from rw_hooks.api.jobs import jobs, resume
from rw_hooks.api.publish import publish
from rw_hooks.api.update import update
from rw_hooks.engines.local import LocalEngine
from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.errors import MissingError, UsageError
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.store import Change, Enrolment, Key
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import fingerprint
from tests.api.conftest import copied
from tests.api.test_asked_again import item
from tests.api.test_journey import PIXEL, sha256, uploads


@pytest.fixture
def published(settings, lora):
    return publish(lora, settings=settings(air="sandbox:5@1", trigger_words=""))


def forget(tmp_path, lora):
    """Lose the journal and the receipt."""
    (tmp_path / "home").rename(tmp_path / "lost")
    lora.with_name(lora.name + ".rw.json").unlink()


def test_what_was_left_out_stays_left_out(published, sandbox, settings):
    assert "positiveTriggerWords" not in published.model
    updated = update(published.air, settings(name="Renamed"), Silent())
    before, after = uploads(sandbox)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {"name", "taskUUID"}
    assert updated.sources == published.sources | {"name": updated.sources["name"]}
    again = update(published.air, settings(name="Renamed"), Silent())
    assert (again.changed, len(uploads(sandbox))) == ("nothing", 2)


def test_a_field_can_be_taken_away_and_an_image_given(published, tmp_path, sandbox, settings):
    (tmp_path / "new.png").write_bytes(PIXEL)
    update(published.air, settings(tags="a,b"), Silent())
    assert sandbox.world.models[published.air].fields["tags"] == ["a", "b"]
    update(published.air, settings(tags="", hero_image=str(tmp_path / "new.png")), Silent())
    fields = sandbox.world.models[published.air].fields
    assert "tags" not in fields
    assert str(fields["heroImageURL"]).startswith("http")


def test_a_dry_run_shows_the_update_and_sends_nothing(published, sandbox, settings, tmp_path):
    before = [entry.status for entry in jobs(settings())]
    shown = update(published.air, settings(name="Renamed", dry_run=True), Silent())
    assert (shown.status, shown.model["name"]) == ("described", "Renamed")
    assert len(uploads(sandbox)) == 1
    assert [entry.status for entry in jobs(settings())] == before


def test_a_file_alone_does_not_make_a_model(tmp_path, sandbox, settings, lora, published):
    forget(tmp_path, lora)
    with pytest.raises(MissingError, match="nothing to update"):
        update("sandbox:77@1", settings(name="x"), Silent(), lora)
    assert len(uploads(sandbox)) == 1
    assert jobs(settings()) == []


def test_other_weights_than_those_there_are_checked_and_warned_of(tmp_path, sandbox, settings, lora, published):
    forget(tmp_path, lora)
    other = copied(tmp_path, "sks_sdxl.safetensors")
    with pytest.raises(MissingError, match="not at its host"):
        update(published.air, settings(), Silent(), other)
    (sandbox.folder / other.name).write_bytes(other.read_bytes())
    updated = update(published.air, settings(), Silent(), other)
    assert (updated.status, updated.changed) == ("ready", "updated")
    assert "replaces_weights" in [finding.code for finding in updated.findings]
    assert "preflight" in updated.seconds
    assert sandbox.world.models[published.air].sha256 == sha256(other)


def test_a_refused_update_by_a_file_is_not_called_ready(tmp_path, sandbox, settings, lora, published):
    forget(tmp_path, lora)
    assert update(published.air, settings(architecture="no_such"), Silent(), lora).status == "failed"
    assert [entry.status for entry in jobs(settings())] == ["failed"]


def test_what_is_just_being_published_is_not_updated(tmp_path, settings, lora, published):
    (tmp_path / "home").rename(tmp_path / "lost")
    own = settings()
    key = Key(sha256(lora), str(published.air), own.api_url, fingerprint(own.api_key.get_secret_value()))
    with SqliteStore(own.home) as store:
        store.enroll(Enrolment("abc", key, str(lora), str(lora), "here", {}, {}, Change()))
    with pytest.raises(UsageError, match="being published"):
        update(published.air, settings(name="x"), Silent(), lora)


def test_what_was_asked_for_and_not_begun_is_not_lost_by_an_update(tmp_path, sandbox, settings, lora, published):
    with LocalEngine(settings()) as engine:
        engine.submit(item(lora, settings(air="sandbox:5@1", trigger_words="", name="Asked")), Silent())
        with pytest.raises(UsageError, match="being published"):
            update(published.air, settings(description="A toy"), Silent())
    assert [entry.changed for entry in resume(settings(), [], Silent())] == ["updated"]
    assert update(published.air, settings(description="A toy"), Silent()).model["name"] == "Asked"


def test_what_is_asked_for_during_an_update_is_done_after_it(sandbox, settings, lora, published):
    class Asking(Silent):
        def stage(self, name):
            if name == "register":
                engine.submit(item(lora, settings(air="sandbox:5@1", trigger_words="", name="Asked")), Silent())

    with LocalEngine(settings()) as engine:
        update(published.air, settings(description="A toy"), Asking())
    assert [entry.changed for entry in resume(settings(), [], Silent())] == ["updated"]
    assert sandbox.world.models[published.air].fields["name"] == "Asked"


def test_a_signed_host_is_known_to_resume_where_an_update_by_a_file_was_interrupted(
    tmp_path, sandbox, settings, lora, published, monkeypatch
):
    forget(tmp_path, lora)
    host = f"{sandbox.files_url}{lora.name}?sig=S3CRETS3CRET"
    monkeypatch.setattr(LocalEngine, "advance", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        update(published.air, settings(host=host, name="Renamed"), Silent(), lora)
    monkeypatch.undo()
    with SqliteStore(tmp_path / "home") as store:
        assert store.secrets(store.rows()[0].id) == {"host": host}
    assert [entry.status for entry in resume(settings(), [], Silent())] == ["ready"]
    assert sandbox.world.models[published.air].fields["name"] == "Renamed"


def _interrupted(*_):
    raise KeyboardInterrupt


def test_an_update_that_could_not_begin_has_changed_nothing(tmp_path, sandbox, settings, published):
    with SqliteStore(tmp_path / "home") as store, store.lock(f"publication {published.id}", Deadline.after(1.0)):
        ended = update(published.air, settings(name="Renamed", timeout=1), Silent())
    assert (ended.status, ended.changed, ended.exit_code) == ("ready", "nothing", 6)
    assert len(uploads(sandbox)) == 1


def test_a_signed_host_is_not_kept(tmp_path, sandbox, settings, lora):
    (sandbox.folder / lora.name).write_bytes(lora.read_bytes())
    host = f"{sandbox.files_url}{lora.name}?sig=S3CRETS3CRET"
    first = publish(lora, settings=settings(host=host))
    forget(tmp_path, lora)
    assert update(first.air, settings(host=host, name="x"), Silent(), lora).status == "ready"
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"S3CRETS3CRET" not in kept
