"""Our engines are held to the suite that is there for everybody."""

from __future__ import annotations

from rw_hooks.testing.engines import EngineSuite


class TestLocal(EngineSuite):
    factory = "rw_hooks.engines.local:LocalEngine"
    every = 12  # tests/reliability kills at each of them


class TestInMemory(EngineSuite):
    factory = "tests.testing.memory_engine:MemoryEngine"
    durable = False
