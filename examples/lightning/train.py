"""A Lightning module whose LoRA is published when ``fit`` has ended: four steps, nothing to download."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from diffusers import UNet2DConditionModel
from lightning.pytorch import LightningModule, Trainer
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from rw_hooks_integrations.lightning import RunwareCallback


class Denoiser(LightningModule):
    """Asks a tiny UNet for nothing but zero; a real training has images and a scheduler here."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(
            sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
            norm_num_groups=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=16, attention_head_dim=2,
        )  # fmt: skip
        self.unet.requires_grad_(False)
        self.unet.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_v"]))

    def training_step(self, batch: list[torch.Tensor], _index: int) -> torch.Tensor:
        (latents,) = batch
        return self.unet(latents, 1, torch.ones(len(latents), 4, 16)).sample.pow(2).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW([weight for weight in self.parameters() if weight.requires_grad], lr=1e-3)


def export(module: Denoiser) -> Mapping[str, torch.Tensor]:
    """Return the LoRA by the names that diffusers gives it."""
    return {f"unet.{name}": tensor for name, tensor in get_peft_model_state_dict(module.unet).items()}


def main() -> None:
    torch.manual_seed(0)
    latents = torch.utils.data.TensorDataset(torch.randn(8, 4, 8, 8))
    callback = RunwareCallback(export, folder="out", name="toy_style", trigger_words="toy style", architecture="sd1x")
    trainer = Trainer(
        max_steps=4, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        default_root_dir="out", callbacks=[callback],
    )  # fmt: skip
    trainer.fit(Denoiser(), torch.utils.data.DataLoader(latents, batch_size=2))


if __name__ == "__main__":
    main()
