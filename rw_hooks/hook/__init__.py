"""What runs in the trainer's process. Standard library only.

Third parties import :class:`PublishHook` and :func:`publishing` from here.
"""

from rw_hooks.hook.publish_hook import PublishHook, publishing

__all__ = ["PublishHook", "publishing"]
