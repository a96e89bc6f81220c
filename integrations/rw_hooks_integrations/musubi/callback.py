"""Publishing what musubi-tuner saves, by its own ``on_post_save``.

::

    from musubi_tuner import qwen_image_train_network as script
    from rw_hooks_integrations.musubi import with_publishing

    script.QwenImageNetworkTrainer = with_publishing(script.QwenImageNetworkTrainer, trigger_words="sks dog")
    script.main()

musubi calls the hook on the main process after the file is written, with ``force_sync_upload=True`` for the final one
(0.3.4, ``training/trainer_base.py``). The full fine-tune scripts do not call it: use ``rw-hooks run`` for those.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from rw_hooks.hook import PublishHook

__all__ = ["RunwareMixin", "with_publishing"]


class RunwareMixin:
    """A mixin that must come before a ``NetworkTrainer`` in the bases of a subclass.

    Attributes:
        runware_hook: The hook that publishes what is saved.
    """

    runware_hook: ClassVar[PublishHook]

    def on_post_save(  # noqa: PLR0913, PLR0917 - as musubi calls it
        self,
        args: Any,
        accelerator: Any,
        network: Any,
        transformer: Any,
        ckpt_name: str,
        save_dtype: Any,
        metadata: dict[str, Any],
        force_sync_upload: bool,
    ) -> None:
        """Publish the file that was just written."""
        inherited: Any = super()
        if hasattr(inherited, "on_post_save"):
            inherited.on_post_save(
                args, accelerator, network, transformer, ckpt_name, save_dtype, metadata, force_sync_upload
            )
        self.runware_hook.on_save(Path(args.output_dir) / ckpt_name, final=force_sync_upload)
        if force_sync_upload:
            self.runware_hook.on_end()


def with_publishing(trainer: type, **options: Any) -> type:
    """Return a subclass of a musubi trainer that publishes what it saves.

    Args:
        trainer: Such as ``qwen_image_train_network.QwenImageNetworkTrainer``.
        options: As for :class:`rw_hooks.PublishHook`.

    Raises:
        TypeError: An option is unknown, or this musubi is older than its ``on_post_save``.
        ValueError: A value is malformed or out of bounds.
    """
    if not hasattr(trainer, "on_post_save"):
        raise TypeError(f"{trainer.__name__} has no on_post_save: upgrade musubi-tuner, or use 'rw-hooks run'")
    return type(trainer.__name__, (RunwareMixin, trainer), {"runware_hook": PublishHook(**options)})
