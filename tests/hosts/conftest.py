from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from rw_hooks.hosts import HostConfig, HostedFile
from rw_hooks.support.deadline import Deadline
from tests.doubles.hub import HubDouble


@pytest.fixture
def hub() -> Iterator[HubDouble]:
    with HubDouble() as double:
        yield double


@pytest.fixture
def config(hub: HubDouble, tmp_path: Path) -> HostConfig:
    return HostConfig(tmp_path / "home", hf_endpoint=hub.url, hf_token=SecretStr(hub.token))


@pytest.fixture
def deadline() -> Deadline:
    return Deadline.after(90.0)


MakeFile = Callable[..., HostedFile]


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Return a maker of files with random bytes."""

    def make(name: str = "maya.safetensors", size: int = 700_000) -> HostedFile:
        content = os.urandom(size)
        path = tmp_path / "weights" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return HostedFile(path=path, name=name, size=size, sha256=hashlib.sha256(content).hexdigest())

    return make


@pytest.fixture
def file(make_file: MakeFile) -> HostedFile:
    return make_file()
