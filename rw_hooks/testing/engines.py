"""The test suite for engines: subclass it.

::

    from rw_hooks.testing.engines import EngineSuite

    class TestMine(EngineSuite):
        factory = "my_package.engine:MyEngine"

The factory is what the entry point of the group ``rw_hooks.engines`` names. Each test has its own sandbox (Runware and
a file host on loopback) and its own state folder. If an engine keeps data elsewhere, :meth:`EngineSuite.prepare` must
reset it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rw_hooks.config.settings import Settings, load
from rw_hooks.engines.base import Engine, Factory
from rw_hooks.errors import UsageError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.option_codec import pack
from rw_hooks.publication.services import endpoint_of
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.sandbox import Sandbox
from rw_hooks.sandbox.adapter import make_adapter

__all__ = ["EngineSuite", "EngineWorld", "load_factory"]

_SECONDS = 60.0
_FILES = 8
_PATIENCE_SECONDS = 2.0
_NOT_THERE = 503


def load_factory(spec: str) -> Any:  # noqa: ANN401 - what a third party wrote
    """Return the object that ``module:name`` names."""
    module, _, name = spec.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class EngineWorld:
    """A platform, a place for files, and a state folder.

    Attributes:
        folder: The folder with the trained files.
        sandbox: Runware and the file host.
        environ: The environment that a process needs to publish there.
        factory: The engine's ``module:name``.
    """

    folder: Path
    sandbox: Sandbox
    environ: Mapping[str, str]
    factory: str

    def settings(self, **options: object) -> Settings:
        """Return settings with these options."""
        given = {"host": self.sandbox.host_url, "architecture": "sd1x", "timeout": _SECONDS, **options}
        return load(given, environ=self.environ, directory=self.folder, as_flags=True)

    def open(self, settings: Settings | None = None) -> AbstractContextManager[Engine]:
        """Return the engine, to be used in a ``with`` statement."""
        factory: Factory = load_factory(self.factory)
        return factory(settings or self.settings(), read_only=False)

    def file(self, number: int = 1) -> Path:
        """Return a trained file; the same number gives the same bytes."""
        path = self.folder / f"sketch-{number}.safetensors"
        if not path.exists():
            make_adapter(path, number, 3, lambda _step, _loss: None)
        return path

    def item(self, file: Path, **options: object) -> QueueItem:
        """Return a queue item: a request to publish a file with these options."""
        settings = self.settings(**options)
        endpoint, status = endpoint_of(settings), file.stat()
        return QueueItem(
            path=str(file), held=str(file), size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino,
            options=pack(settings.given), endpoint=endpoint.rest_url, account=endpoint.fingerprint,
        )  # fmt: skip

    def publish(self, engine: Engine, file: Path, **options: object) -> Publication:
        """Submit a file, and run its publication as far as possible."""
        identity = engine.submit(self.item(file, **options), Silent())
        return engine.advance(identity, "proceed", Silent())

    def run(self, action: str, point: str, file: Path, **options: object) -> subprocess.CompletedProcess[str]:
        """Publish a file in a separate process that records the failpoints it reaches, or dies at one of them."""
        item = json.dumps({"file": str(file), "options": {name: str(value) for name, value in options.items()}})
        command = [sys.executable, "-m", "rw_hooks.testing._engine_process", self.factory, action, point, item]
        environ = {**os.environ, **self.environ, "RW_HOOKS_TEST_HOST": self.sandbox.host_url}
        return subprocess.run(  # noqa: S603 - ourselves
            command, env=environ, cwd=self.folder, check=False, capture_output=True, text=True, timeout=_SECONDS
        )

    def require_once(self, count: int = 1) -> None:
        """Assert that each model was registered once, and that its file was downloaded once."""
        registrations = self.sandbox.world.registrations
        assert sum(registrations.values()) == len(registrations) == count, dict(registrations)
        fetched = [entry for entry in self.sandbox.world.downloads if not entry.problem]
        assert len(fetched) == count, self.sandbox.world.downloads


class EngineSuite:
    """The tests. Set ``durable = False`` for an engine that keeps its publications only in memory.

    Attributes:
        factory: The engine's ``module:name``.
        durable: Whether publications survive the end of the process.
        every: Test only every n-th failpoint at which a process can be killed.
    """

    factory: ClassVar[str]
    durable: ClassVar[bool] = True
    every: ClassVar[int] = 4

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[EngineWorld]:
        """Return a world for one test."""
        folder = tmp_path / "run"
        folder.mkdir()
        with Sandbox(tmp_path / "served") as sandbox:
            environ = {
                "RUNWARE_API_KEY": sandbox.key,
                "RUNWARE_API_URL": sandbox.api_url,
                "RUNWARE_WS_URL": sandbox.ws_url,
                "RW_HOOKS_HOME": str(tmp_path / "home"),
                "HF_HOME": str(tmp_path / "huggingface"),
                "PYTHONPATH": os.pathsep.join(sys.path),
            }
            world = EngineWorld(folder, sandbox, environ, self.factory)
            self.prepare(world)
            yield world

    def prepare(self, world: EngineWorld) -> None:
        """Reset what the engine keeps outside the state folder."""

    def test_a_file_becomes_a_ready_model(self, world: EngineWorld) -> None:
        with world.open() as engine:
            publication = world.publish(engine, world.file())
            row = engine.store.get(str(publication.id))
        assert (publication.status, publication.changed, publication.error) == ("ready", "registered", None)
        assert (row.status, row.live, row.air) == ("ready", True, publication.air)
        assert set(publication.seconds) == {"inspect", "describe", "host", "preflight", "register", "settle"}
        world.require_once()

    def test_the_same_item_and_the_same_bytes_are_one_publication(self, world: EngineWorld) -> None:
        with world.open() as engine:
            item = world.item(world.file())
            names = {engine.submit(item, Silent()), engine.submit(item, Silent())}
            names.add(engine.submit(world.item(world.file()), Silent()))
            assert len(names) == len(engine.store.rows()) == 1
            assert engine.advance(names.pop(), "proceed", Silent()).status == "ready"
        world.require_once()

    def test_what_is_ready_is_not_sent_again(self, world: EngineWorld) -> None:
        with world.open() as engine:
            world.publish(engine, world.file())
            sent = len(world.sandbox.world.requests)
            again = world.publish(engine, world.file())
        uploads = [task for task in world.sandbox.world.requests[sent:] if task["taskType"] == "modelUpload"]
        assert (again.status, again.changed, uploads) == ("ready", "nothing", [])
        world.require_once()

    def test_another_description_is_sent_without_the_file(self, world: EngineWorld) -> None:
        with world.open() as engine:
            first = world.publish(engine, world.file())
            other = world.publish(engine, world.file(), trigger_words="other words")
        assert (other.status, other.changed, other.air) == ("ready", "updated", first.air)
        assert world.sandbox.world.models[str(first.air)].fields["positiveTriggerWords"] == "other words"
        world.require_once()

    def test_a_bad_file_has_failed_and_is_not_sent(self, world: EngineWorld) -> None:
        broken = world.folder / "broken.safetensors"
        broken.write_bytes(b"<!DOCTYPE html><html></html>")
        with world.open() as engine:
            publication = world.publish(engine, broken)
            assert publication.status == engine.store.get(str(publication.id)).status == "failed"
        assert publication.exit_code == 3  # noqa: PLR2004 - the exit code of a bad artifact
        assert not world.sandbox.world.requests

    def test_what_is_unreachable_stays_pending_and_goes_on(self, world: EngineWorld) -> None:
        world.sandbox.faults.rest_statuses = (_NOT_THERE,) * 1000
        with world.open() as engine:
            unreachable = world.publish(engine, world.file(), timeout=_PATIENCE_SECONDS)
            world.sandbox.faults.rest_statuses = ()
            back = engine.advance(str(unreachable.id), "retry", Silent())
        assert unreachable.status == "pending"
        assert unreachable.error is not None
        assert unreachable.error["retryable"] is True
        assert (back.status, back.error) == ("ready", None)
        world.require_once()

    def test_what_failed_is_tried_again_when_that_is_asked_for(self, world: EngineWorld) -> None:
        with world.open() as engine:
            failed = world.publish(engine, world.file(), architecture="no_such")
            assert failed.status == "failed"
            assert engine.advance(str(failed.id), "proceed", Silent()).status == "failed"
            again = world.publish(engine, world.file())
        assert (again.id, again.status) == (failed.id, "ready")
        world.require_once()

    def test_what_is_dropped_is_not_sent(self, world: EngineWorld) -> None:
        with world.open() as engine:
            identity = engine.submit(world.item(world.file()), Silent())
            assert engine.cancel(identity).status == "cancelled"
            assert engine.advance(identity, "proceed", Silent()).status == "cancelled"
            with pytest.raises(UsageError):
                engine.cancel(identity)
        assert world.sandbox.world.models == {}

    def test_what_is_ready_cannot_be_dropped(self, world: EngineWorld) -> None:
        with world.open() as engine:
            publication = world.publish(engine, world.file())
            with pytest.raises(UsageError):
                engine.cancel(str(publication.id))

    def test_many_files_under_one_id_get_an_air_each(self, world: EngineWorld) -> None:
        files = [world.file(number) for number in range(_FILES)]
        with world.open() as engine, ThreadPoolExecutor(_FILES) as pool:
            ended = list(pool.map(partial(world.publish, engine, air="sandbox:7"), files))
        assert [entry.status for entry in ended] == ["ready"] * _FILES
        assert {entry.air for entry in ended} == {f"sandbox:7@{version}" for version in range(1, _FILES + 1)}
        world.require_once(_FILES)

    def test_one_publication_in_many_hands_is_sent_once(self, world: EngineWorld) -> None:
        with world.open() as engine, ThreadPoolExecutor(_FILES) as pool:
            identity = engine.submit(world.item(world.file()), Silent())
            hands = [pool.submit(engine.advance, identity, "proceed", Silent()) for _ in range(_FILES)]
            ended = [hand.result() for hand in hands]
        assert {entry.status for entry in ended} == {"ready"}
        world.require_once()

    def test_each_publication_is_seen_when_it_is_over(self, world: EngineWorld) -> None:
        with world.open() as engine:
            names = [engine.submit(world.item(world.file(number)), Silent()) for number in range(2)]
            for name in names:
                engine.advance(name, "proceed", Silent())
            seen = list(engine.watch(names))
        assert [(entry.id, entry.status) for entry in seen] == [(name, "ready") for name in names]

    def test_nothing_that_is_kept_holds_the_key_or_a_signature(self, world: EngineWorld) -> None:
        shutil.copyfile(world.file(), world.sandbox.folder / world.file().name)
        signed = f"{world.sandbox.files_url}{world.file().name}?signature=canary-signature"
        with world.open() as engine:
            identity = engine.submit(world.item(world.file(), host=signed), Silent())
            kept = repr((engine.store.get(identity), engine.store.results(identity)))
            assert engine.store.secrets(identity) == {"host": signed}
            assert engine.advance(identity, "proceed", Silent()).status == "ready"
            kept += repr((engine.store.get(identity), engine.store.results(identity)))
            assert engine.store.secrets(identity) == {}
        assert "canary-signature" not in kept
        assert world.sandbox.key not in kept

    def test_a_publication_goes_on_in_another_process(self, world: EngineWorld) -> None:
        self._require_durable()
        with world.open() as engine:
            identity = engine.submit(world.item(world.file()), Silent())
        with world.open() as engine:
            assert engine.advance(identity, "proceed", Silent()).status == "ready"
        world.require_once()

    def test_a_publication_whose_process_is_killed_is_finished_once(self, world: EngineWorld) -> None:
        """Kill the process at each failpoint, in a new publication each time, and continue in another process."""
        self._require_durable()
        traced = world.run("trace", "", world.file(0), air="sandbox:100@1")
        assert traced.returncode == 0, traced.stderr
        points = list(dict.fromkeys(traced.stdout.split()))[:: self.every]
        assert points, "the engine reached no failpoint"
        for number, point in enumerate(points, 1):
            options = {"air": f"sandbox:100@{number + 1}"}
            died = world.run("die", point, world.file(number), **options)
            assert died.returncode not in {0, 1}, (point, died.stdout, died.stderr)
            with world.open() as engine:
                publication = world.publish(engine, world.file(number), **options)
            assert publication.status == "ready", (point, publication.error)
        world.require_once(len(points) + 1)

    def _require_durable(self) -> None:
        if not self.durable:
            pytest.skip("this engine keeps its publications in memory alone")
