from __future__ import annotations

from pathlib import Path

import pytest

from rw_hooks.runware.register import Register
from rw_hooks.runware.register_states import IMPOSSIBLE, TABLE
from tests.doubles.runware_script import IMPATIENT, ScriptedRunware

TLS = Path(__file__).parents[1] / "data" / "tls"


@pytest.fixture(autouse=True)
def _one_authority(monkeypatch):
    """Trust one certificate instead of loading all of the machine's for every client of every test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "localhost.pem"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _as_the_table_says(monkeypatch):
    """Hold all that every test makes the client do against the table: no event that cannot be, no state beside it."""
    take, wrong = Register._take, []

    def watched(self, happening):
        before = (self._state, happening.event)
        if before in IMPOSSIBLE:
            wrong.append(before)
        take(self, happening)
        if before in TABLE and self._state not in TABLE[before].then:
            wrong.append((before, self._state))

    monkeypatch.setattr(Register, "_take", watched)
    yield
    assert not wrong


@pytest.fixture
def runware():
    """Every scenario is audited at its end: no second taskUUID without a reason that the protocol knows."""
    with ScriptedRunware() as server:
        yield server
    server.audit(IMPATIENT)
