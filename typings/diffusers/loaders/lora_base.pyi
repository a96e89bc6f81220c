from typing import Any

class LoraBaseMixin:
    write_lora_layers: Any
