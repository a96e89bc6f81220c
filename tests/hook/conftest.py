"""A folder to train in, and a platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rw_hooks.sandbox import Sandbox
from tests.doubles.training import Training


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    """Return a training whose files nobody publishes, with its environment in this process too."""
    return prepared(Training(tmp_path / "run", tmp_path / "home"), monkeypatch)


@pytest.fixture
def platform() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def published(tmp_path: Path, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Training:
    """Return a training with a platform to publish to, with its environment in this process too."""
    return prepared(Training(tmp_path / "run", tmp_path / "home", platform), monkeypatch)


def prepared(training: Training, monkeypatch: pytest.MonkeyPatch) -> Training:
    training.folder.mkdir()
    monkeypatch.chdir(training.folder)
    for name, value in training.environ.items():
        monkeypatch.setenv(name, value)
    return training
