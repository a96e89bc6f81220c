"""What is asked for again: nothing that was asked for is lost, or done with what was asked for before."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rw_hooks.api.jobs import cancel, jobs, resume
from rw_hooks.api.publish import publish
from rw_hooks.engines.local import LocalEngine
from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.publication.journey import patience
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.option_codec import pack
from rw_hooks.publication.services import endpoint_of
from rw_hooks.publication.store import Change
from rw_hooks.queue.inbox import QueueItem, drop
from rw_hooks.support.deadline import Deadline
from tests.api.test_journey import uploads

SIGNATURE = "S3CRETS3CRET"


def item(file: Path, settings) -> QueueItem:
    """Return what a command puts into the inbox for this file."""
    state, endpoint = file.stat(), endpoint_of(settings)
    return QueueItem(
        path=str(file), held=str(file), size=state.st_size, mtime_ns=state.st_mtime_ns, inode=state.st_ino,
        options=pack(settings.given), endpoint=endpoint.rest_url, account=endpoint.fingerprint,
    )  # fmt: skip


def kept(tmp_path):
    return b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())


def test_who_asks_while_another_waits_gets_what_he_asked_for(tmp_path, sandbox, settings, lora):
    air = publish(lora, settings=settings()).air
    with LocalEngine(settings(name="First")) as first, LocalEngine(settings(name="Second")) as second:
        identity = first.submit(item(lora, settings(name="First")), Silent())
        with first.store.lock(f"publication {identity}", Deadline.after(5.0)):
            waiting = threading.Thread(target=first.advance, args=(identity, "proceed", Silent()))
            waiting.start()
            time.sleep(0.3)
            assert second.submit(item(lora, settings(name="Second")), Silent()) == identity
        waiting.join()
        second.advance(identity, "proceed", Silent())
    assert sandbox.world.models[air].fields["name"] == "Second"


def test_who_asks_while_another_describes_gets_what_he_asked_for(sandbox, settings, lora):
    class Asking(Silent):
        """Asks for the same file under another name as soon as a publication is described."""

        def stage(self, name):
            if name == "describe" and not asked:
                asked.append(second.submit(item(lora, settings(name="Second")), Silent()))

    asked: list[str] = []
    with LocalEngine(settings()) as second:
        first = publish(lora, settings=settings(name="First"), observer=Asking())
        second.advance(asked[0], "proceed", Silent())
    assert sandbox.world.models[first.air].fields["name"] == "Second"


def test_a_live_model_whose_update_failed_keeps_its_place_when_another_host_is_given(tmp_path, sandbox, settings, lora):
    published = publish(lora, settings=settings())
    assert publish(lora, settings=settings(architecture="no_such")).status == "failed"
    (tmp_path / "other").mkdir()
    again = publish(lora, settings=settings(host=f"dir://{tmp_path}/other?url={sandbox.files_url}"))
    assert (again.status, again.changed, again.air) == ("ready", "updated", published.air)


def test_a_secret_host_of_before_does_not_take_the_place_of_the_one_that_is_given_now(sandbox, settings, lora):
    assert publish(lora, settings=settings(host=f"{sandbox.files_url}none?sig={SIGNATURE}")).status == "failed"
    assert publish(lora, settings=settings()).status == "ready"


def test_no_secret_is_kept_of_what_is_ready_and_was_asked_for_again(tmp_path, sandbox, settings, lora):
    (sandbox.folder / lora.name).write_bytes(lora.read_bytes())
    host = f"{sandbox.files_url}{lora.name}?sig={SIGNATURE}"
    for changed in ("registered", "nothing"):
        assert publish(lora, settings=settings(host=host)).changed == changed
        assert SIGNATURE.encode() not in kept(tmp_path)


def test_secrets_given_meanwhile_outlive_the_publication_before(tmp_path, sandbox, settings, lora):
    class Asking(Silent):
        def stage(self, name):
            if name == "settle" and not asked:
                again = settings(hero_image=f"https://h.example/a.png?sig={SIGNATURE}", name="Second")
                asked.append(second.submit(item(lora, again), Silent()))

    asked: list[str] = []
    with LocalEngine(settings()) as second:
        publish(lora, settings=settings(), observer=Asking())
        second.advance(asked[0], "proceed", Silent())
    assert uploads(sandbox)[-1]["heroImageURL"].endswith(SIGNATURE)
    assert SIGNATURE.encode() not in kept(tmp_path)


@pytest.mark.parametrize("status", ["cancelled", "superseded"])
def test_what_was_over_and_is_asked_for_again_can_be_cancelled(tmp_path, sandbox, settings, lora, status):
    published = publish(lora, settings=settings())
    with LocalEngine(settings()) as engine:
        engine.store.apply(str(published.id), Change(status=status))
        engine.submit(item(lora, settings(name="Again")), Silent())
    assert cancel(settings(), str(published.id)).status == "cancelled"
    assert list(resume(settings(), [], Silent())) == []
    assert len(uploads(sandbox)) == 1


def test_what_is_dropped_while_it_waits_for_others_is_not_sent(sandbox, settings, lora):
    class Waiting(Silent):
        def stage(self, name):
            reached.append(name)

    reached: list[str] = []
    with LocalEngine(settings()) as engine:
        identity = engine.submit(item(lora, settings()), Silent())
        for _ in range(4):
            engine._slots["host"].acquire()
        publishing = threading.Thread(target=engine.advance, args=(identity, "proceed", Waiting()))
        publishing.start()
        while "describe" not in engine.store.results(identity):
            time.sleep(0.02)
        assert engine.cancel(identity).status == "cancelled"
        for _ in range(4):
            engine._slots["host"].release()
        publishing.join()
    assert reached == ["describe"]
    assert list(sandbox.folder.iterdir()) == []


def test_what_has_just_failed_is_not_tried_once_more_by_the_same_resume(tmp_path, sandbox, settings, lora):
    drop(tmp_path / "home", item(lora, settings(architecture="no_such")), durable=False)
    assert [entry.status for entry in resume(settings(), [], Silent())] == ["failed"]
    assert len(uploads(sandbox)) == 1


def test_what_an_older_version_left_just_before_the_end_gets_ready(tmp_path, settings, lora):
    publish(lora, settings=settings())
    with SqliteStore(tmp_path / "home") as store:
        store._database.execute("UPDATE publications SET status = 'pending', live = 0, expires_at = NULL")
    assert [(entry.status, entry.exit_code) for entry in resume(settings(), [], Silent())] == [("ready", 0)]
    assert [job.status for job in jobs(settings())] == ["ready"]


@pytest.mark.parametrize(
    ("left", "asked", "intent", "seconds"),
    [
        (600.0, 0, "proceed", 600.0),
        (1e6, 0, "proceed", 3600.0),  # the clock was set back
        (0.0, 1, "proceed", 3600.0),
        (0.0, 0, "retry", 3600.0),
    ],
)
def test_what_just_goes_on_has_the_time_that_is_left_and_what_is_asked_for_all_of_it(
    settings, lora, left, asked, intent, seconds
):
    with LocalEngine(settings(timeout=3600.0)) as engine:
        identity = engine.submit(item(lora, engine.settings), Silent())
        row = replace(engine.store.get(identity), asked=asked, expires_at=Deadline.after(left).utc)
        deadline = patience(engine.services(engine.settings, Silent()), row, intent)
    assert deadline.left == pytest.approx(seconds, abs=60.0)
