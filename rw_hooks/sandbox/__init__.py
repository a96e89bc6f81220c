"""The Runware API and a file host on loopback, for tries, the demo and the tests.

It does what the platform does, as far as that is known: both transports, both dialects, and uploads with real effects
(the URL is fetched as a stranger, the file opened and hashed). What is not known is a setting
(:class:`SandboxSettings`), and what goes wrong is a switch (:class:`Faults`).
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
