"""The one function that all ``save_lora_weights`` reach."""

from pathlib import Path


class LoraBaseMixin:
    @staticmethod
    def write_lora_layers(
        state_dict, save_directory, is_main_process, weight_name, save_function, safe_serialization,
        lora_adapter_metadata=None,
    ):  # fmt: skip
        save_function(state_dict, Path(save_directory) / (weight_name or "pytorch_lora_weights.safetensors"))
