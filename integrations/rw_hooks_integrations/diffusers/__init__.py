"""The training scripts of huggingface/diffusers (Apache-2.0); the library is imported by none of the readers."""

from __future__ import annotations

from rw_hooks_integrations.diffusers.callback import publish_on_save

__all__ = ["publish_on_save"]
