from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.sandbox.adapter import make_adapter


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small real LoRA."""
    path = tmp_path_factory.mktemp("trained") / "mystyle.safetensors"
    make_adapter(path, seed=1, steps=3, on_loss=lambda _step, _loss: None)
    return path.read_bytes()


@pytest.fixture
def weights(trained: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The LoRA in the working directory, which is a folder of the test's own."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = folder / "mystyle.safetensors"
    path.write_bytes(trained)
    return path


@pytest.fixture
def sandbox_settings() -> SandboxSettings:
    """How the sandbox behaves; a module may have its own."""
    return SandboxSettings()


@pytest.fixture
def sandbox(sandbox_settings: SandboxSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A Runware that the environment points at, with a file host as ``--host``."""
    with Sandbox(tmp_path / "served", settings=sandbox_settings) as running:
        monkeypatch.setenv("RUNWARE_API_URL", running.api_url)
        monkeypatch.setenv("RUNWARE_WS_URL", running.ws_url)
        monkeypatch.setenv("RUNWARE_API_KEY", running.key)
        monkeypatch.setenv("RW_HOOKS_HOST", running.host_url)
        yield running
