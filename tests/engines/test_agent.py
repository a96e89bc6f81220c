"""What is kept for publications is there as long as somebody needs it, whoever is killed or comes meanwhile."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rw_hooks.config.settings import load
from rw_hooks.engines.agent.cleanup import release_if_over
from rw_hooks.engines.agent.enrol import enrol
from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.publication.services import Services, endpoint_of
from rw_hooks.publication.store import Change
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.sandbox.adapter import make_adapter

NAMES = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")


@pytest.fixture
def services(tmp_path):
    environ = {"RUNWARE_API_KEY": "k" * 32, "RW_HOOKS_HOME": str(tmp_path / "home"), "HF_HOME": str(tmp_path)}
    settings = load({}, environ=environ, directory=tmp_path)
    with SqliteStore(settings.home) as store:
        yield Services(settings, store)


def handed_over(services: Services, name: str) -> QueueItem:
    """Return a hand-over of a hook; all are of the same bytes."""
    made, file = (services.settings.home.parent / f"{each}.safetensors" for each in ("made", name))
    if not made.exists():
        make_adapter(made, 1, 1, lambda _step, _loss: None)
    shutil.copyfile(made, file)
    spool = services.settings.home / "spool"
    spool.mkdir(exist_ok=True)
    link = spool / f"{name}.link"
    link.hardlink_to(file)
    state, endpoint = file.stat(), endpoint_of(services.settings)
    return QueueItem(
        path=str(file), held=str(link), size=state.st_size, mtime_ns=state.st_mtime_ns, inode=state.st_ino, options={},
        endpoint=endpoint.rest_url, account=endpoint.fingerprint, run="run", id=name,
    )  # fmt: skip


def test_who_is_killed_while_he_enrolls_the_same_bytes_finds_them_again(services, monkeypatch):
    first, second = (handed_over(services, name) for name in NAMES)
    row = enrol(services, first)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(services.store, "enroll", killed)
    with pytest.raises(KeyboardInterrupt):
        enrol(services, second)
    monkeypatch.undo()
    assert enrol(services, second).id == row.id
    assert [path.name for path in Path(second.held).parent.iterdir()] == [f"{NAMES[0]}.copy"]


def test_what_is_asked_for_again_just_as_it_is_over_keeps_its_bytes(services):
    row = enrol(services, handed_over(services, NAMES[0]))
    over = services.store.apply(row.id, Change(status="cancelled", begun=1))
    again = enrol(services, handed_over(services, NAMES[1]))
    release_if_over(services.store, over, services.settings.home)
    assert Path(again.held).exists()
    release_if_over(services.store, replace(over, held=again.held), services.settings.home)
    assert Path(again.held).exists()
