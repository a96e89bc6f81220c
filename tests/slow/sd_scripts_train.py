"""sd-scripts' own training of a network on a small base; run by an interpreter with its needs.

Everything is sd-scripts' but the base, which it can load in its real size only: arguments, datasets, network, loop,
metadata and saves.
"""

from __future__ import annotations

import sys
from pathlib import Path

import diffusers
import torch
from transformers import CLIPImageProcessor

sys.modules["transformers"].CLIPFeatureExtractor = CLIPImageProcessor  # its name in the release that sd-scripts pins

import train_network  # noqa: E402 - it asks for that name
from library import model_util, train_util  # noqa: E402


class Small(train_network.NetworkTrainer):
    """Trains on a small pipeline in diffusers' form."""

    def load_target_model(
        self, args: object, weight_dtype: torch.dtype, _accelerator: object
    ) -> tuple[str, object, object, object]:
        base = diffusers.StableDiffusionPipeline.from_pretrained(
            args.pretrained_model_name_or_path, torch_dtype=weight_dtype
        )
        return model_util.get_model_version_str_for_sd1_sd2(False, False), base.text_encoder, base.vae, base.unet


def main() -> None:
    parser = train_network.setup_parser()
    args = parser.parse_args()
    train_util.verify_command_line_training_args(args)
    args = train_util.read_config_from_file(args, parser)
    Path(args.output_dir).mkdir(exist_ok=True)
    Small().train(args)


if __name__ == "__main__":
    main()
