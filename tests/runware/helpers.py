"""What the tests of registering share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from rw_hooks.runware import ModelUpload, Phase, Registration, RunwareClient, Submission, build_upload
from rw_hooks.support.deadline import Deadline
from tests.doubles.runware_script import Script, ScriptedRunware

FIELDS: dict[str, object] = {
    "category": "lora",
    "architecture": "sdxl",
    "air": "myorg:1@1",
    "uniqueIdentifier": "a" * 64,
    "name": "Maya",
    "version": "v1",
}
SIGNED = "https://cdn.example/maya.safetensors?X-Amz-Signature=s1gnature-that-nobody-may-see"


class MemoryLedger:
    """A ledger that forgets nothing of what it was told, and survives the client."""

    def __init__(self, submission: Submission | None = None) -> None:
        self.saved: list[Submission] = [submission] if submission else []

    def load(self) -> Submission | None:
        return self.saved[-1] if self.saved else None

    def save(self, submission: Submission) -> None:
        self.saved.append(submission)


def script(runware: ScriptedRunware, *scripts: Script) -> None:
    """Have the uploads answered so, one after another; the last answer stays."""
    runware.uploads.clear()
    runware.uploads.extend(scripts)


def statuses(registration: Registration) -> list[str]:
    return [phase.status for phase in registration.phases]


def upload(**fields: object) -> ModelUpload:
    return build_upload({**FIELDS, **fields})


def register(
    client: RunwareClient,
    request: ModelUpload | None = None,
    *,
    ledger: MemoryLedger | None = None,
    mint: Callable[[], SecretStr] = lambda: SecretStr(SIGNED),
    on_phase: Callable[[Phase], Any] = lambda _: None,
    seconds: float = 30.0,
) -> Registration:
    return client.register(
        request or upload(),
        ledger=ledger or MemoryLedger(),
        mint=mint,
        on_phase=on_phase,
        deadline=Deadline.after(seconds),
    )
