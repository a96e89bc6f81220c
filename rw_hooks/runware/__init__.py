"""The Runware client: requests, WebSocket and REST transport, and finding out after any doubt."""

from rw_hooks.runware.client import RunwareClient
from rw_hooks.runware.model import (
    Account,
    Endpoint,
    Ledger,
    Listing,
    Phase,
    Registration,
    Submission,
    Timings,
    Transport,
)
from rw_hooks.runware.requests import (
    CheckpointUpload,
    ControlnetUpload,
    EmbeddingsUpload,
    LoraUpload,
    LycorisUpload,
    ModelUpload,
    VaeUpload,
    build_upload,
)

__all__ = [
    "Account",
    "CheckpointUpload",
    "ControlnetUpload",
    "EmbeddingsUpload",
    "Endpoint",
    "Ledger",
    "Listing",
    "LoraUpload",
    "LycorisUpload",
    "ModelUpload",
    "Phase",
    "Registration",
    "RunwareClient",
    "Submission",
    "Timings",
    "Transport",
    "VaeUpload",
    "build_upload",
]
