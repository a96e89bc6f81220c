"""A platform, hosts and settings for whole journeys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from rw_hooks.config.settings import Settings, load
from rw_hooks.publication import services
from rw_hooks.runware import RunwareClient, Timings
from rw_hooks.sandbox import Sandbox, SandboxSettings
from tests.doubles.hub import HubDouble

ARTIFACTS = Path(__file__).parent.parent / "data" / "artifacts"

FAST = Timings(backoff_first=0.1, poll=0.2, search=0.2)

MakeSettings = Callable[..., Settings]


@pytest.fixture(autouse=True)
def fast_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the real client wait less between its tries; the waits themselves are tested with the client."""
    monkeypatch.setattr(services, "RunwareClient", partial(RunwareClient, timings=FAST))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "served") as running:
        yield running


@pytest.fixture
def hub() -> Iterator[HubDouble]:
    with HubDouble() as running:
        yield running


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    """Return a kohya SD 1.5 LoRA as a trainer left it, in a folder of its own."""
    return copied(tmp_path, "sks_toy_v1.safetensors")


def copied(tmp_path: Path, name: str) -> Path:
    """Return a copy of a recorded file that a test may change."""
    target = tmp_path / "run" / Path(name).name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(ARTIFACTS / name, target)
    return target


@pytest.fixture
def settings(tmp_path: Path, sandbox: Sandbox) -> MakeSettings:
    """Return a maker of settings for this sandbox; files go to the folder that it serves."""
    return settings_for(tmp_path, sandbox)


def settings_for(tmp_path: Path, sandbox: Sandbox, hub: HubDouble | None = None) -> MakeSettings:
    """Return a maker of settings for these servers, with options as flags."""
    environ = {
        "RUNWARE_API_KEY": sandbox.key,
        "RUNWARE_API_URL": sandbox.api_url,
        "RUNWARE_WS_URL": sandbox.ws_url,
        "RW_HOOKS_HOME": str(tmp_path / "home"),
        "HF_HOME": str(tmp_path / "huggingface"),
    }
    if hub is not None:
        environ |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token}
    folder = f"dir://{sandbox.folder}?url={sandbox.files_url}"

    def make(**options: object) -> Settings:
        given = options if hub is not None else {"host": folder, **options}
        return load(given, environ=environ, directory=tmp_path, as_flags=True)

    return make


__all__ = ["ARTIFACTS", "HubDouble", "MakeSettings", "Sandbox", "SandboxSettings", "copied", "settings_for"]
