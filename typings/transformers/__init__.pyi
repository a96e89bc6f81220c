from typing import Any

class TrainingArguments:
    output_dir: str | None
    load_best_model_at_end: bool
    metric_for_best_model: str | None
    greater_is_better: bool | None

class TrainerState:
    global_step: int
    best_model_checkpoint: str | None
    log_history: list[dict[str, float]]
    is_world_process_zero: bool

class TrainerControl: ...

class TrainerCallback:
    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None: ...
    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None: ...
