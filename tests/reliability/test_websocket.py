"""Many uploads on one socket, while it breaks, lies and restarts in any order: each is registered once."""

from __future__ import annotations

import hashlib
import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pydantic import SecretStr

from rw_hooks.runware import Endpoint, RunwareClient, build_upload
from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.support.deadline import Deadline
from tests.reliability.harness import trained
from tests.reliability.mortal import FAST
from tests.runware.helpers import MemoryLedger

CLASS = "WebSocket trouble in any order"
UPLOADS_MOST = 4
SECONDS = 40.0
SWITCHES = ("duplicate_frames", "reorder_frames", "unknown_frames", "invalid_json", "stray_frames", "no_session_id")
PHASES = ("validated", "downloaded", "optimized", "stored", "ready")


class Uploads(RuleBasedStateMachine):
    """Uploads under way, and everything that may happen to their connection."""

    @initialize()
    def begin(self) -> None:
        self.sandbox = Sandbox(settings=SandboxSettings(delay=0.01)).__enter__()
        self.sandbox.folder.joinpath("sketch.safetensors").write_bytes(trained())
        self.sha256 = hashlib.sha256(trained()).hexdigest()
        self.ledgers: dict[str, MemoryLedger] = {}
        self.ended: dict[str, str] = {}
        self.threads: list[threading.Thread] = []
        self.client = self._client()

    @precondition(lambda self: len(self.ledgers) < UPLOADS_MOST)
    @rule()
    def upload(self) -> None:
        air = f"sandbox:{len(self.ledgers) + 1}@1"
        self.ledgers[air] = MemoryLedger()
        self._start(air)

    @rule(keep=st.booleans())
    def restart_the_server(self, keep: bool) -> None:
        self.sandbox.restart_websocket(keep_sessions=keep)

    @rule(phase=st.sampled_from(PHASES), times=st.integers(1, 3))
    def break_after(self, phase: str, times: int) -> None:
        self.sandbox.faults.drop_after = phase  # type: ignore[assignment] # one of the phases
        self.sandbox.faults.drop_times = times

    @rule(switch=st.sampled_from(SWITCHES), on=st.booleans())
    def misbehave(self, switch: str, on: bool) -> None:
        setattr(self.sandbox.faults, switch, on)

    @rule(phases=st.sets(st.sampled_from(PHASES[:-1])))
    def skip(self, phases: set[str]) -> None:
        self.sandbox.faults.skip_phases = tuple(phases)  # type: ignore[assignment] # as above

    @rule(count=st.integers(1, 2))
    def swallow(self, count: int) -> None:
        self.sandbox.faults.swallow_acks = count

    @rule()
    def restart_the_client(self) -> None:
        """Hang up, as a process that ends, and go on from the ledgers with another client."""
        self.client.close()
        self._join()
        self.client = self._client()
        for air in [air for air, end in self.ended.items() if end != "ready"]:
            self._start(air)

    def teardown(self) -> None:
        if not hasattr(self, "client"):
            return
        try:
            self._join()
            assert set(self.ended.values()) <= {"ready"}, self.ended
            assert set(self.ended) == set(self.ledgers)
            world = self.sandbox.world
            assert dict(world.registrations) == {(air, self.sha256): 1 for air in self.ledgers}
            assert len(world.downloads) == len(self.ledgers)
        finally:
            self.client.close()
            self.sandbox.__exit__(None, None, None)

    def _client(self) -> RunwareClient:
        endpoint = Endpoint(self.sandbox.api_url, self.sandbox.ws_url, SecretStr(self.sandbox.key))
        return RunwareClient(endpoint, transport="ws", timings=FAST)

    def _start(self, air: str) -> None:
        thread = threading.Thread(target=self._register, args=(self.client, air))
        self.threads.append(thread)
        thread.start()

    def _register(self, client: RunwareClient, air: str) -> None:
        request = build_upload({
            "category": "lora", "architecture": "sd1x", "air": air, "uniqueIdentifier": self.sha256,
            "name": "sketch", "version": "1",
        })  # fmt: skip
        url = SecretStr(f"{self.sandbox.files_url}sketch.safetensors")
        try:
            done = client.register(request, ledger=self.ledgers[air], mint=lambda: url, on_phase=lambda _phase: None,
                                   deadline=Deadline.after(SECONDS))  # fmt: skip
            self.ended[air] = done.phases[-1].status
        except Exception as error:  # noqa: BLE001 - told at the end
            self.ended[air] = f"{type(error).__name__}: {error}"

    def _join(self) -> None:
        for thread in self.threads:
            thread.join()
        self.threads.clear()


def explore(examples: int, steps: int) -> None:
    run_state_machine_as_test(Uploads, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    ))  # fmt: skip


@pytest.mark.reliability(CLASS, cases=8)
def test_uploads_get_ready_once_in_whatever_order_trouble_comes():
    explore(8, 8)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.reliability(CLASS, cases=150)
def test_uploads_get_ready_once_in_very_many_orders_of_trouble():
    explore(150, 15)
