"""The order of calls in ``Trainer.fit``, as in Lightning 2.6."""

import signal


class LightningModule: ...


class Callback:
    def on_train_epoch_end(self, trainer, pl_module): ...

    def on_fit_end(self, trainer, pl_module): ...

    def on_exception(self, trainer, pl_module, exception): ...


class Trainer:
    checkpoint_callback = None

    def __init__(self, *, callbacks, max_epochs, default_root_dir, is_global_zero=True):
        self.callbacks = callbacks
        self.max_epochs = max_epochs
        self.default_root_dir = str(default_root_dir)
        self.is_global_zero = is_global_zero
        self.current_epoch = self.global_step = 0

    def fit(self, module):
        def stop(number, _frame):
            raise SystemExit(128 + number)

        signal.signal(signal.SIGTERM, stop)
        try:
            for epoch in range(1, self.max_epochs + 1):
                self.current_epoch = self.global_step = epoch
                module.training_epoch(epoch)
                for callback in self.callbacks:
                    callback.on_train_epoch_end(self, module)
                module.after_epoch(epoch)
            for callback in self.callbacks:
                callback.on_fit_end(self, module)
        except BaseException as error:
            for callback in self.callbacks:
                callback.on_exception(self, module, error)
            raise
