"""Runware's API and a file host on loopback, for trying, the demo and the tests.

It does what Runware does, as far as this is known: both transports, both dialects, and uploads with real effects (the
URL is downloaded anonymously, and the file is opened and hashed). What is not known is a setting
(:class:`SandboxSettings`), and each fault is a switch (:class:`Faults`).
"""

from __future__ import annotations

from rw_hooks.sandbox.faults import Faults
from rw_hooks.sandbox.server import Sandbox
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.wire import PHASES, Phase
from rw_hooks.sandbox.world import Connection, Download, Model, Webhook, World

__all__ = [
    "PHASES",
    "Connection",
    "Download",
    "Faults",
    "Model",
    "Phase",
    "Sandbox",
    "SandboxSettings",
    "Webhook",
    "World",
]
