"""Every test has a state folder of its own, and none can see the keys, tokens and settings of this machine."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.reliability.figures import pytest_runtest_makereport, pytest_terminal_summary

__all__ = ["pytest_runtest_makereport", "pytest_terminal_summary"]

_FOREIGN = (
    "RUNWARE_", "RW_HOOKS_", "HF_", "HUGGING_FACE_", "HUGGINGFACE_", "AWS_", "AZURE_", "GOOGLE_",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NO_COLOR", "FORCE_COLOR",
)  # fmt: skip


def pytest_configure() -> None:
    """Let the processes of the tests be interrupted, also where a job in the background or nohup ignores that."""
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def isolated_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point all state at a temporary folder, and return the state folder of rw-hooks."""
    for name in list(os.environ):
        if name.upper().startswith(_FOREIGN):
            monkeypatch.delenv(name)
    user = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("RW_HOOKS_HOME", str(user / "rw-hooks"))
    monkeypatch.setenv("HF_HOME", str(user / "huggingface"))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    return user / "rw-hooks"
