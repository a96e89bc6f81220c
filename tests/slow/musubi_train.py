"""musubi-tuner's own Qwen-Image training on random caches; run by an interpreter with its needs.

Everything is musubi's but the size of the model: arguments, datasets, LoRA network, loop, metadata and saves.

python musubi_train.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from musubi_tuner import qwen_image_train_network as script
from musubi_tuner.dataset.cache_io import save_latent_cache_qwen_image, save_text_encoder_output_cache_qwen_image
from musubi_tuner.dataset.image_video_dataset import ARCHITECTURE_QWEN_IMAGE, ItemInfo
from musubi_tuner.qwen_image.qwen_image_model import QwenImageTransformer2DModel
from PIL import Image

from rw_hooks_integrations.musubi import with_publishing

SIDE = 64
WORDS = 16


class Small(script.QwenImageNetworkTrainer):
    """Trains what has the layers of Qwen-Image, and few of them."""

    def load_transformer(self, *_arguments: object, **_options: object) -> torch.nn.Module:
        return QwenImageTransformer2DModel(
            num_layers=2, num_attention_heads=1, attention_head_dim=32, axes_dims_rope=(8, 12, 12),
            joint_attention_dim=WORDS,
        )  # fmt: skip


def dataset(folder: Path) -> Path:
    """Write images with captions, what musubi's caching scripts leave of them, and the config that names both."""
    images, cache = folder / "images", folder / "cache"
    images.mkdir()
    cache.mkdir()
    for number in range(2):
        image = images / f"{number}.png"
        Image.new("RGB", (SIDE, SIDE), (60 * number, 120, 200)).save(image)
        image.with_suffix(".txt").write_text("sks toy on a table")
        item = ItemInfo(str(image), "sks toy on a table", (SIDE, SIDE), (SIDE, SIDE))
        item.latent_cache_path = str(cache / f"{number}_{SIDE:04d}x{SIDE:04d}_{ARCHITECTURE_QWEN_IMAGE}.safetensors")
        item.text_encoder_output_cache_path = str(cache / f"{number}_{ARCHITECTURE_QWEN_IMAGE}_te.safetensors")
        save_latent_cache_qwen_image(item, torch.randn(16, 1, SIDE // 8, SIDE // 8), None)
        save_text_encoder_output_cache_qwen_image(item, torch.randn(8, WORDS))
    config = folder / "dataset.toml"
    config.write_text(
        f'[general]\nresolution = [{SIDE}, {SIDE}]\ncaption_extension = ".txt"\nbatch_size = 1\n'
        f'[[datasets]]\nimage_directory = "{images.as_posix()}"\ncache_directory = "{cache.as_posix()}"\n'
    )
    return config


def main(folder: Path) -> None:
    script.QwenImageNetworkTrainer = with_publishing(Small, trigger_words="sks toy")
    sys.argv = [
        "qwen_image_train_network.py", "--dit", "qwen_image_small.safetensors", "--sdpa", "--mixed_precision", "no",
        "--dataset_config", str(dataset(folder)), "--network_module", "networks.lora_qwen_image", "--network_dim", "4",
        "--network_alpha", "2", "--optimizer_type", "AdamW", "--learning_rate", "1e-2", "--max_train_steps", "4",
        "--save_every_n_steps", "2", "--max_data_loader_n_workers", "0", "--seed", "1", "--timestep_sampling", "shift",
        "--output_dir", str(folder / "out"), "--output_name", "sks_toy", "--metadata_title", "A toy",
        "--training_comment", "a small run",
    ]  # fmt: skip
    script.main()


if __name__ == "__main__":
    torch.manual_seed(0)
    main(Path(sys.argv[1]))
