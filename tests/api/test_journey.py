"""A trained file becomes a ready model: once, whatever is repeated, and rightly described."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from rw_hooks.api.jobs import cancel, jobs, resume
from rw_hooks.api.publish import explain, publish, publish_all
from rw_hooks.api.update import update
from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.option_codec import without_secret_options
from rw_hooks.sandbox import Sandbox, SandboxSettings
from tests.api.conftest import copied, settings_for
from tests.doubles.hub import HubDouble

RECORDED = [
    ("sks_toy_v1.safetensors", "lora", "sd1x", "sks toy"),
    ("sks_sdxl.safetensors", "lora", "sdxl", "sks toy"),
    ("sks_toy_lokr.safetensors", "lycoris", "sd1x", "sks toy"),
    ("skstoy.safetensors", "embeddings", "sd1x", "skstoy"),
]
WAYS = [
    ("today", "public", "auto"),
    ("today", "private", "blocked"),
    ("founding", "private", "auto"),
    ("founding", "public", "blocked"),
]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def uploads(sandbox: Sandbox) -> list[dict]:
    return [task for task in sandbox.world.requests if task["taskType"] == "modelUpload"]


@pytest.mark.parametrize(("dialect", "access", "socket"), WAYS)
@pytest.mark.parametrize(("name", "category", "architecture", "trigger"), RECORDED)
def test_recorded_files_become_ready_rightly_described(
    tmp_path, name, category, architecture, trigger, dialect, access, socket
):
    file = copied(tmp_path, name)
    with Sandbox(settings=SandboxSettings(dialect=dialect)) as sandbox, HubDouble() as hub:
        if socket == "blocked":
            sandbox.stop_websocket()
        public = "?public=1" if access == "public" else ""
        settings = settings_for(tmp_path, sandbox, hub)(host=f"hf://{hub.user}/toys{public}")
        publication = publish(file, settings=settings)

        assert publication.error is None
        assert (publication.status, publication.changed) == ("ready", "registered")
        model = sandbox.world.models[publication.air]
        assert model.sha256 == publication.sha256 == sha256(file)
        assert model.fields["category"] == category
        assert model.fields["architecture"] == architecture
        assert model.fields["positiveTriggerWords"] == trigger
        assert model.fields["private"] is True
        assert hub.counts["commits"] == 1
        assert [phase["status"] for phase in publication.phases][-1] == "ready"

        again = publish(file, settings=settings)
        assert (again.status, again.changed, again.air) == ("ready", "nothing", publication.air)
        assert hub.counts["commits"] == 1
        assert hub.counts["uploads"] == 1
        assert model.downloads == 1
        assert sandbox.world.models[publication.air].downloads == 1


def test_asking_again_for_what_is_ready_leaves_no_more_files(settings, lora):
    publish(lora, settings=settings())
    home = settings().home
    before = sorted(path.relative_to(home) for path in home.rglob("*"))
    for _ in range(10):
        assert publish(lora, settings=settings()).changed == "nothing"
    assert sorted(path.relative_to(home) for path in home.rglob("*")) == before
    assert [path.name for path in (home / "locks").iterdir()] == ["all.lock"]


def test_every_field_that_is_sent_has_a_source(sandbox, settings, lora):
    publication = publish(lora, settings=settings(name="Maya"))
    assert set(publication.model) == set(publication.sources)
    assert publication.sources["name"] == "--name"
    assert all(publication.sources.values())


def test_other_trigger_words_update_the_metadata_alone(sandbox, settings, lora):
    first = publish(lora, settings=settings())
    second = publish(lora, settings=settings(trigger_words="maya, person"))
    model = sandbox.world.models[first.air]
    assert (second.status, second.changed, second.air) == ("ready", "updated", first.air)
    assert model.fields["positiveTriggerWords"] == "maya, person"
    assert model.fields["name"] == first.model["name"]
    assert model.downloads == 1


def test_a_ready_model_does_not_change_its_category(sandbox, settings, lora):
    publish(lora, settings=settings())
    sent = len(uploads(sandbox))
    refused = publish(lora, settings=settings(category="lycoris"))
    assert refused.exit_code == 5
    assert refused.error["code"] == "category_change"
    assert len(uploads(sandbox)) == sent
    assert jobs(settings())[0].status == "ready"
    with SqliteStore(settings().home) as store:
        assert [row.asked for row in store.rows()] == [0]  # so it is not refused again by every resume


def test_the_air_is_made_from_the_account_and_the_file(sandbox, settings, lora):
    publication = publish(lora, settings=settings())
    assert publication.air == f"sandbox:{int(sha256(lora)[:10], 16)}@1"


def test_an_id_alone_gets_the_next_free_version(tmp_path, sandbox, settings, lora):
    other = copied(tmp_path, RECORDED[2][0])
    assert publish(lora, settings=settings(air="sandbox:77")).air == "sandbox:77@1"
    assert publish(other, settings=settings(air="sandbox:77")).air == "sandbox:77@2"
    assert publish(lora, settings=settings(air="sandbox:77")).air == "sandbox:77@1"


def test_other_bytes_under_a_held_air_replace_them_with_a_warning(tmp_path, sandbox, settings, lora):
    other = copied(tmp_path, "sks_sdxl.safetensors")
    publish(lora, settings=settings(air="sandbox:5@1"))
    second = publish(other, settings=settings(air="sandbox:5@1"))
    assert second.status == "ready"
    assert "replaces_weights" in {finding.code for finding in second.findings}
    assert sandbox.world.models["sandbox:5@1"].sha256 == sha256(other)
    assert [entry.status for entry in jobs(settings())] == ["superseded", "ready"]


def test_no_credit_stops_before_anything_is_hosted(tmp_path, lora):
    with Sandbox(tmp_path / "served", settings=SandboxSettings(balance=0)) as sandbox:
        publication = publish(lora, settings=settings_for(tmp_path, sandbox)())
    assert (publication.exit_code, publication.error["code"]) == (5, "insufficient_credits")
    assert list((tmp_path / "served").iterdir()) == []


def test_what_went_wrong_once_goes_on_with_resume(sandbox, settings, lora):
    sandbox.faults.fail_downloads = 1
    assert publish(lora, settings=settings()).exit_code == 5
    [publication] = resume(settings(), [], Silent())
    assert (publication.status, publication.exit_code) == ("ready", 0)
    assert list(resume(settings(), [], Silent())) == []


def test_a_platform_that_is_away_leaves_the_publication_pending(tmp_path, sandbox, settings, lora):
    with Sandbox() as other:
        gone = settings_for(tmp_path, other)(host=settings().text("host"), timeout=2)
    publication = publish(lora, settings=gone)
    assert (publication.status, publication.exit_code) == ("pending", 6)
    assert publication.error["retryable"] is True
    assert "rw-hooks resume" in publication.error["hint"]


def test_a_bad_file_is_refused_and_not_resumed(tmp_path, settings):
    page = tmp_path / "model.safetensors"
    page.write_text("<!DOCTYPE html><html><body>Sign in</body></html>")
    publication = publish(page, settings=settings())
    assert (publication.status, publication.exit_code) == ("failed", 3)
    assert "web page" in publication.error["message"]
    assert list(resume(settings(), [], Silent())) == []


def test_cancel_drops_what_is_not_ready(sandbox, settings, lora):
    sandbox.faults.fail_downloads = 1
    failed = publish(lora, settings=settings())
    assert cancel(settings(), failed.id).status == "cancelled"
    assert list(resume(settings(), [], Silent())) == []
    assert publish(lora, settings=settings()).status == "ready"


def test_what_is_dropped_under_way_stays_dropped_whatever_stops_it(sandbox, settings, lora):
    class Dropping(Silent):
        def stage(self, name):
            if name == "host":
                [row] = jobs(settings())
                cancel(settings(), row.id)
                lora.unlink()

    assert publish(lora, settings=settings(), observer=Dropping()).status == "cancelled"
    assert uploads(sandbox) == []


@pytest.mark.parametrize("name", ["model.copy", "model.link"])
def test_a_file_that_is_called_like_a_private_copy_is_published_and_left(settings, lora, name):
    file = lora.rename(lora.with_name(name))
    assert publish(file, settings=settings()).status == "ready"
    assert file.exists()


def test_a_dry_run_leaves_no_trace(tmp_path, sandbox, settings, lora):
    publication = publish(lora, settings=settings(dry_run=True))
    assert publication.status == "described"
    assert publication.air == f"sandbox:{int(sha256(lora)[:10], 16)}@1"
    assert uploads(sandbox) == []
    assert not (tmp_path / "home").exists()
    assert list(sandbox.folder.iterdir()) == []


def _traces(home):
    return {path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_explain_tells_the_air_of_the_journal_and_leaves_no_trace(tmp_path, settings, lora):
    published = publish(lora, settings=settings(air="sandbox:7"))
    before = _traces(tmp_path / "home")
    assert [entry.air for entry in explain([lora], settings(air="sandbox:7"))] == [published.air]
    assert _traces(tmp_path / "home") == before


@pytest.mark.parametrize("content", [b"garbage" * 1000, b""])
def test_explain_leaves_a_journal_that_it_cannot_read(tmp_path, settings, lora, content):
    journal = tmp_path / "home" / "journal.sqlite3"
    journal.parent.mkdir()
    journal.write_bytes(content)
    [described] = explain([lora], settings())
    assert described.air
    assert _traces(journal.parent) == {Path(journal.name): content}


def test_explain_reads_a_journal_that_is_in_use(tmp_path, settings, lora):
    with SqliteStore(tmp_path / "home"):
        published = publish(lora, settings=settings(air="sandbox:7"))
        assert [entry.air for entry in explain([lora], settings(air="sandbox:7"))] == [published.air]


def test_explain_needs_neither_key_nor_network(tmp_path, lora):
    from rw_hooks.config.settings import load

    settings = load({}, environ={"RW_HOOKS_HOME": str(tmp_path / "home"), "HF_HOME": str(tmp_path)}, directory=tmp_path)
    [publication] = explain([lora], settings)
    assert (publication.status, publication.exit_code) == ("described", 0)
    assert publication.as_json()["air"] is None
    assert publication.sources["air"] == "not resolved"
    assert publication.model["positiveTriggerWords"] == "sks toy"


def test_a_secret_in_the_host_is_neither_shown_nor_kept(tmp_path, settings, lora):
    [shown] = explain([lora], settings(host="https://user:S3CRET@h.example/f.safetensors?X-Amz-Signature=S3CRET"))
    assert shown.host == "https://h.example/f.safetensors"
    refused = publish(lora, settings=settings(host="dir:///srv?url=http://user:S3CRET@h.example"))
    assert (refused.exit_code, refused.error["code"]) == (2, "bad_host")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"S3CRET" not in kept + json.dumps([shown.as_json(), refused.error["hint"]]).encode()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("hf://user/repo?public=1", "hf://user/repo?public=1"),
        ("s3://KEY:S3CRET@bucket/prefix", "s3://bucket/prefix"),
        ("dir:///srv?url=https://h.example/a", "dir:///srv?url=https://h.example/a"),
        ("dir:///srv?url=https://h.example/a?sig=S3CRET", "dir:///srv"),
        ("https://h.example/a?sig=S3CRET", "https://h.example/a"),
        ("a tag with :// and @", "a tag with :// and @"),
    ],
)
def test_options_are_kept_without_secrets(given, kept):
    assert without_secret_options({"host": {"value": given}}) == {"host": {"value": kept}}


def test_the_receipt_tells_all_and_no_secret(sandbox, settings, lora):
    publication = publish(lora, settings=settings())
    receipt = json.loads(lora.with_name(lora.name + ".rw.json").read_text())
    entry = receipt["airs"][publication.air]
    assert entry["sha256"] == sha256(lora)
    assert entry["url"] == publication.url
    assert [phase["status"] for phase in entry["phases"]][-1] == "ready"
    assert entry["model"]["positiveTriggerWords"] == "sks toy"
    assert sandbox.key not in json.dumps(receipt)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is Unicode")
def test_a_name_that_is_not_utf8_is_refused_and_stops_no_other(tmp_path, settings, lora):
    odd = shutil.copy(lora, os.fsdecode(bytes(lora.parent) + b"/caf\xe9.safetensors"))
    for work in (
        lambda: publish_all([Path(odd), lora], settings(), Silent()),
        lambda: explain([Path(odd)], settings()),
    ):
        refused, *others = work()
        assert (refused.exit_code, refused.error["code"]) == (2, "name_not_utf8")
        assert refused.path.endswith("caf\\xe9.safetensors")
        assert [other.status for other in others] in ([], ["ready"])


@pytest.mark.parametrize(("letters", "receipts"), [(75, 1), (80, 0)])
def test_a_name_so_long_that_little_can_stand_beside_it_gets_ready(settings, lora, letters, receipts):
    file = lora.rename(lora.with_name("模" * letters + ".safetensors"))
    publication = publish(file, settings=settings(name="x"))
    assert (publication.error, publication.status) == (None, "ready")
    assert len(list(file.parent.glob("*.rw.json"))) == receipts
    assert list(file.parent.glob(".*.tmp")) == []


def test_what_a_receipt_that_was_cut_off_left_is_removed_an_hour_later(settings, lora):
    old, new = lora.with_name(".rw-hooks-0123abcd.tmp"), lora.with_name(".rw-hooks-0123abce.tmp")
    for left in (old, new):
        left.write_text("{")
    os.utime(old, (1, 1))
    assert publish(lora, settings=settings()).status == "ready"
    assert (old.exists(), new.exists()) == (False, True)


def test_update_needs_the_journal_or_the_receipt(tmp_path, sandbox, settings, lora, monkeypatch):
    published = publish(lora, settings=settings())
    updated = update(published.air, settings(description="A toy"), Silent())
    assert (updated.status, updated.changed) == ("ready", "updated")
    (tmp_path / "home").rename(tmp_path / "lost")
    again = update(published.air, settings(description="Another toy"), Silent(), lora)
    model = sandbox.world.models[published.air]
    assert again.changed == "updated"
    assert model.fields["shortDescription"] == "Another toy"
    assert model.fields["positiveTriggerWords"] == "sks toy"
    assert model.downloads == 1


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c4890000000d49444154789c63f8cf50ff1f0005fe02fe"
    "a735819d0000000049454e44ae426082".replace(" ", "")
)


def test_a_preview_image_that_is_a_file_is_hosted_once(tmp_path, sandbox, settings, lora):
    (tmp_path / "preview.png").write_bytes(PIXEL)
    first = publish(lora, settings=settings(hero_image="preview.png"))
    again = publish(lora, settings=settings(hero_image="preview.png"))
    stored = [task for task in sandbox.world.requests if task["taskType"] == "mediaStorage"]
    assert first.model["heroImageURL"].startswith("http")
    assert sandbox.world.models[first.air].fields["heroImageURL"] == first.model["heroImageURL"]
    assert (again.changed, len(stored)) == ("nothing", 1)


def test_a_preview_that_cannot_be_hosted_stops_nothing(tmp_path, settings, lora):
    (tmp_path / "preview.png").write_text("no image")
    publication = publish(lora, settings=settings(hero_image="preview.png"))
    assert publication.status == "ready"
    assert "heroImageURL" not in {**publication.model, **publication.sources}
    assert "hero_image_left_out" in {finding.code for finding in publication.findings}
