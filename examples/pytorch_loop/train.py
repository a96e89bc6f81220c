"""A plain PyTorch loop that publishes its LoRA: two layers, twenty steps, nothing to download."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

import rw_hooks

NAME = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"
OUT = Path("out/toy_style.safetensors")


def main() -> None:
    torch.manual_seed(0)
    down = torch.nn.Linear(640, 4, bias=False)
    up = torch.nn.Linear(4, 640, bias=False)
    optimizer = torch.optim.AdamW([*down.parameters(), *up.parameters()], lr=1e-3)
    target = torch.randn(640, 640) / 25

    with rw_hooks.publishing(OUT, trigger_words="toy style", architecture="sdxl") as hook:
        for step in range(1, 21):
            batch = torch.randn(16, 640)
            loss = torch.nn.functional.mse_loss(up(down(batch)), batch @ target)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            if step % 10 == 0:
                save(down, up)
                hook.on_save(OUT, step=step, metric=-loss.item())


def save(down: torch.nn.Linear, up: torch.nn.Linear) -> None:
    OUT.parent.mkdir(exist_ok=True)
    tensors = {
        f"{NAME}.lora_down.weight": down.weight.detach().contiguous(),
        f"{NAME}.lora_up.weight": up.weight.detach().contiguous(),
        f"{NAME}.alpha": torch.tensor(4.0),
    }
    save_file(tensors, OUT, metadata={"ss_base_model_version": "sdxl_base_v1-0"})


if __name__ == "__main__":
    main()
