"""A training whose trainer has a callback of a third party, as ``docs/testing.md`` shows it."""

from __future__ import annotations

from rw_hooks import PublishHook
from rw_hooks.testing.stage import Stage


class ToyCallback:
    """Somebody else's callback."""

    def __init__(self) -> None:
        self.hook = PublishHook()

    def after_save(self, path, epoch) -> None:
        self.hook.on_save(path, epoch=epoch)

    def after_training(self) -> None:
        self.hook.on_end()


def train(stage: Stage) -> None:
    callback = ToyCallback()
    for epoch in stage.epochs:
        path = stage.write(stage.output / f"toy-{epoch}.safetensors", epoch)
        callback.after_save(path, epoch)
        stage.saved(epoch)
    callback.after_training()


if __name__ == "__main__":
    train(Stage.from_arguments())
