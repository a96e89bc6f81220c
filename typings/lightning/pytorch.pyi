from collections.abc import Mapping
from typing import Any

class LightningModule:
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any: ...

class Trainer:
    is_global_zero: bool
    default_root_dir: str
    current_epoch: int
    global_step: int
    checkpoint_callback: Any
    strategy: Any

class Callback:
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None: ...
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None: ...
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None: ...
