"""What sd-scripts' script names and network modules say of the model."""

from __future__ import annotations

from typing import cast

from rw_hooks.facts import Fact, Layers
from rw_hooks.facts.values import text
from rw_hooks.integration import Named, base_from_name

__all__ = ["SD_SCRIPTS", "base_of", "category_of", "script_name"]

SD_SCRIPTS = frozenset({
    "train_network", "sdxl_train_network", "flux_train_network", "sd3_train_network", "lumina_train_network",
    "anima_train_network", "hunyuan_image_train_network", "train_textual_inversion", "train_textual_inversion_XTI",
    "sdxl_train_textual_inversion", "fine_tune", "train_db", "sdxl_train", "flux_train", "sd3_train", "lumina_train",
    "anima_train", "train_controlnet", "train_control_net", "sdxl_train_control_net", "sdxl_train_control_net_lllite",
    "flux_train_control_net",
})  # fmt: skip
_FAMILIES = {
    "sdxl": "sdxl",
    "flux": "flux1",
    "sd3": "sd3",
    "lumina": "lumina2",
    "anima": "anima",
    "hunyuan": "hunyuan_image",
}
_FINE_TUNES = frozenset(
    {"fine_tune", "train_db", "sdxl_train", "flux_train", "sd3_train", "lumina_train", "anima_train"}
)
_PLAIN_LORA = frozenset({"lora", "locon", "dylora"})
_LYCORIS_MODULES = ("networks.oft", "networks.loha", "networks.lokr")


def script_name(script: str) -> str:
    """Return the script's bare name: ``sd_scripts.flux_train_network`` and ``flux_train_network.py`` are one."""
    return script.removesuffix(".py").rpartition(".")[2]


def category_of(script: str, options: Layers) -> Fact[str] | None:
    """Return the category by script and network module (with LyCORIS' ``algo``)."""
    name = script_name(script)
    if "textual_inversion" in name:
        return Fact(value="embeddings", source=f"script {name}")
    if "lllite" in name or options.text("network_module") is None:
        if "control" in name and "lllite" not in name:
            return Fact(value="controlnet", source=f"script {name}")
        return Fact(value="checkpoint", source=f"script {name}") if name in _FINE_TUNES else None
    module = options.text("network_module") or ""
    source = options.source("network_module")
    if module.startswith("lycoris"):
        plain = _algorithm(options) in _PLAIN_LORA
        return Fact(value="lora" if plain else "lycoris", source=options.source("network_args") or source)
    if module.startswith(_LYCORIS_MODULES):
        return Fact(value="lycoris", source=source)
    return Fact(value="lora", source=source) if module.startswith(("networks.lora", "networks.dylora")) else None


def _algorithm(options: Layers) -> str:
    """Return LyCORIS' algorithm out of ``--network_args algo=lokr``; ``lora`` is its default."""
    given = options.raw("network_args")
    for argument in cast("list[object]", given) if isinstance(given, list) else [given]:
        key, _, value = (text(argument) or "").partition("=")
        if key.strip() == "algo":
            return value.strip().lower()
    return "lora"


def base_of(script: str, options: Layers) -> tuple[Named | None, str]:
    """Return what the model was trained on, and the source: the base's name within what the script is for."""
    name = script_name(script)
    named = base_from_name(options.text("pretrained_model_name_or_path") or "")
    source = options.source("pretrained_model_name_or_path")
    if options.text("model_type") == "chroma":
        return Named("chroma"), options.source("model_type")
    family = next((family for prefix, family in _FAMILIES.items() if name.startswith(prefix)), None)
    if family is None and name in SD_SCRIPTS:
        family = "sd2" if options.flag("v2") else "sd1"
    if family is None or (named is not None and named.family == family):
        return named, source
    if family == "sd1":
        return Named("sd1", "sd1x"), f"script {name}"
    return Named(family), f"script {name}"
