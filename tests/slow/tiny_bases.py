"""Makes tiny diffusers pipelines with random weights, and images to train on; run by an interpreter with diffusers.

python tiny_bases.py FOLDER sd1|flux
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import diffusers
import torch
import transformers
from PIL import Image

_BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]


def clip_tokenizer(folder: Path) -> tuple[object, int]:
    """Write a CLIP tokenizer that knows single bytes alone, and return it with the number of its words."""
    others = [chr(256 + number) for number in range(256 - len(_BYTES))]
    letters = [*map(chr, _BYTES), *others]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "unk_token": "<|endoftext|>", **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return transformers.CLIPTokenizer.from_pretrained(str(folder)), len(words)


def clip(words: int) -> object:
    config = transformers.CLIPTextConfig(
        vocab_size=words, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        projection_dim=16, bos_token_id=words - 2, eos_token_id=words - 1, pad_token_id=1,
    )  # fmt: skip
    return transformers.CLIPTextModel(config)


def vae(**options: object) -> object:
    return diffusers.AutoencoderKL(
        latent_channels=4, block_out_channels=(8, 8), norm_num_groups=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, **options,
    )  # fmt: skip


def sd1(folder: Path) -> None:
    tokenizer, words = clip_tokenizer(folder / "tokenizer")
    unet = diffusers.UNet2DConditionModel(
        sample_size=16, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4, cross_attention_dim=16,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=2,
    )  # fmt: skip
    scheduler = diffusers.DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    diffusers.StableDiffusionPipeline(
        vae=vae(), text_encoder=clip(words), tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip


def flux(folder: Path) -> None:
    tokenizer, words = clip_tokenizer(folder / "tokenizer")
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    second = transformers.T5Tokenizer(vocab=[*pieces, *((letter, -4.0) for letter in "abcdefghijklmnopqrstuvwxyz")],
                                      extra_ids=0)  # fmt: skip
    second.model_max_length = 77
    t5 = transformers.T5Config(
        vocab_size=len(second), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu"
    )
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, pooled_projection_dim=16, axes_dims_rope=[4, 4, 8], guidance_embeds=True,
    )  # fmt: skip
    plain = {"use_quant_conv": False, "use_post_quant_conv": False, "shift_factor": 0.1, "scaling_factor": 0.36}
    diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(**plain), text_encoder=clip(words),
        tokenizer=tokenizer, text_encoder_2=transformers.T5EncoderModel(t5), tokenizer_2=second,
        transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip


def images(folder: Path) -> None:
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (32, 32), (60 * number, 120, 200)).save(folder / f"{number}.png")


if __name__ == "__main__":
    torch.manual_seed(0)
    globals()[sys.argv[2]](Path(sys.argv[1]) / "base")
    images(Path(sys.argv[1]) / "images")
