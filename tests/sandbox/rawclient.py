"""A raw client: the sandbox is driven with bare sockets and bare HTTP, never with our own client."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from safetensors.numpy import save_file
from websockets.sync.client import ClientConnection, connect

from rw_hooks.sandbox import Sandbox


@dataclass(frozen=True)
class Talk:
    """One WebSocket conversation."""

    connection: ClientConnection

    def send(self, *tasks: dict[str, Any]) -> None:
        self.connection.send(json.dumps(tasks))

    def frame(self, timeout: float = 5.0) -> dict[str, Any]:
        return json.loads(self.connection.recv(timeout=timeout))

    def item(self) -> dict[str, Any]:
        return self.frame()["data"][0]

    def statuses(self, until: str = "ready") -> list[str]:
        seen: list[str] = []
        while until not in seen:
            seen.append(self.item()["status"])
        return seen


class Client:
    """What a stranger's client can do with a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def file(self, name: str = "a.safetensors", value: float = 1.0) -> str:
        """Put a small model into the folder, and return its sha256."""
        path = self.sandbox.folder / name
        save_file({"weight": np.full((4, 4), value, np.float32)}, path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def task(self, file: str = "a.safetensors", /, **changes: Any) -> dict[str, Any]:
        """Return an upload of a file in the folder; a change to None leaves the field out."""
        path = self.sandbox.folder / file
        task = {
            "taskType": "modelUpload",
            "taskUUID": str(uuid.uuid4()),
            "category": "lora",
            "architecture": "sd1x",
            "format": "safetensors",
            "air": "sandbox:1@1",
            "uniqueIdentifier": hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest(),
            "name": "A model",
            "version": "v1",
            "downloadURL": self.sandbox.files_url + file,
            "private": True,
            **changes,
        }
        return {name: value for name, value in task.items() if value is not None}

    @contextmanager
    def talk(self, session: str | None = None) -> Iterator[Talk]:
        """Open a WebSocket and authenticate."""
        with self.connection() as talk:
            resume = {} if session is None else {"connectionSessionUUID": session}
            talk.send({"taskType": "authentication", "apiKey": self.sandbox.key, **resume})
            yield talk

    @contextmanager
    def connection(self) -> Iterator[Talk]:
        with connect(self.sandbox.ws_url, proxy=None, ping_interval=None) as connection:
            yield Talk(connection)

    def post(self, *tasks: dict[str, Any], key: str | None = None) -> httpx.Response:
        """Make a REST call."""
        headers = {"Authorization": f"Bearer {key or self.sandbox.key}"}
        return httpx.post(self.sandbox.api_url, json=tasks, headers=headers, trust_env=False, verify=False)

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the item that answers a task over REST."""
        return self.post({"taskType": kind, "taskUUID": str(uuid.uuid4()), **fields}).json()["data"][0]

    def refusal(self, **changes: Any) -> list[dict[str, Any]]:
        """Return the errors that an upload over REST meets."""
        reply = self.post(self.task(**changes))
        assert reply.status_code in {400, 402}, reply.text
        return reply.json()["errors"]

    def settled(self, air: str = "sandbox:1@1", seconds: float = 5.0) -> str:
        """Wait until an upload has ended, and return its last status."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            model = self.sandbox.world.models.get(air)
            if model is not None and (model.status == "ready" or model.failed):
                return model.status
            time.sleep(0.01)
        raise AssertionError(f"{air} did not settle: {self.sandbox.world.models.get(air)}")


MakeClient = Callable[..., Client]
"""Starts a sandbox with these settings, and returns a client of it."""
