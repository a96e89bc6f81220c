"""A transformers Trainer that publishes the LoRA of a tiny UNet: four steps, nothing to download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainingArguments

from rw_hooks_integrations.transformers import RunwareCallback


class Noise(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Random latents; a real training has images here."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        random = torch.Generator().manual_seed(index)
        return {
            "sample": torch.randn(4, 8, 8, generator=random),
            "encoder_hidden_states": torch.randn(4, 16, generator=random),
        }


class DenoisingTrainer(Trainer):
    """Asks the UNet for nothing but zero; a real training has a scheduler here."""

    def compute_loss(
        self, model: torch.nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        del kwargs
        output = model(**inputs, timestep=1).sample
        loss = output.pow(2).mean()
        return (loss, output) if return_outputs else loss


def main() -> None:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16, attention_head_dim=2,
    )  # fmt: skip
    model = get_peft_model(unet, LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_v"]))
    arguments = TrainingArguments(
        output_dir=str(Path("out/toy_style")), max_steps=4, save_steps=2, per_device_train_batch_size=2, report_to=[],
        use_cpu=True, remove_unused_columns=False, label_names=[],
    )  # fmt: skip
    callback = RunwareCallback(trigger_words="toy style", architecture="sd1x")
    DenoisingTrainer(model=model, args=arguments, train_dataset=Noise(), callbacks=[callback]).train()


if __name__ == "__main__":
    main()
