"""Hugging Face accelerate (Apache-2.0): publish at the save rather than at the end of the script."""

from __future__ import annotations

from rw_hooks_integrations.accelerate.callback import publish_on_save

__all__ = ["publish_on_save"]
