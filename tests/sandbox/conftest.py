"""A sandbox for each test, with a raw client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rw_hooks.sandbox import Sandbox, SandboxSettings
from tests.sandbox.rawclient import Client, MakeClient


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[MakeClient]:
    """Return a function that starts a sandbox with these settings."""
    started: list[Sandbox] = []

    def make(**settings: Any) -> Client:
        sandbox = Sandbox(tmp_path / f"served-{len(started)}", settings=SandboxSettings(**settings))
        started.append(sandbox.__enter__())
        client = Client(sandbox)
        client.file()
        return client

    yield make
    for sandbox in started:
        sandbox.__exit__(None, None, None)


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()
