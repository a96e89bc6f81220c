"""What runs in the trainer's process. Standard library only.

Third parties may use the names of ``__all__``, and :mod:`rw_hooks.hook.jsonable` to convert a trainer's numbers.
"""

from rw_hooks.hook.publish_hook import PublishHook, publishing

__all__ = ["PublishHook", "publishing"]
