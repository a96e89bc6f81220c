"""The local engine: SQLite, locks and threads on this machine."""

from rw_hooks.engines.local.runner import LocalEngine

__all__ = ["LocalEngine"]
