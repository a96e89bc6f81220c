"""The Runware client: requests, WebSocket and REST transport, and recovery after errors."""

from rw_hooks.runware.client import RunwareClient
from rw_hooks.runware.model_upload import (
    CheckpointUpload,
    ControlnetUpload,
    EmbeddingsUpload,
    LoraUpload,
    LycorisUpload,
    ModelUpload,
    VaeUpload,
    build_upload,
)
from rw_hooks.runware.types import (
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
