"""kohya-ss/musubi-tuner (Apache-2.0); nothing of it is imported."""

from __future__ import annotations

from rw_hooks_integrations.musubi.callback import RunwareMixin, with_publishing

__all__ = ["RunwareMixin", "with_publishing"]
