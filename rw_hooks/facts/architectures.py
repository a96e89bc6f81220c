"""Which family and which Runware architecture a base model's name or a trainer's own word stands for.

The wire values are those of Runware's model upload page of 2025-10; the words are the trainers' own (sd-scripts and
musubi ``ss_base_model_version`` and ``modelspec.architecture``, ai-toolkit ``model.arch``, OneTrainer ``model_type``,
SimpleTuner ``model_family``, diffusion-pipe ``[model] type``, Hugging Face repository ids). What is not listed is not
known: a wrong architecture uploads fine and gives garbage images, so nothing is guessed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rw_hooks.facts.model import Fact, TrainingFacts

__all__ = [
    "ARCHITECTURES",
    "FAMILIES",
    "PLAIN",
    "SPECIAL",
    "Base",
    "base_from_hash",
    "base_from_name",
    "base_from_word",
]

ARCHITECTURES = (
    "flux1d", "flux1s", "fluxkontextdev", "hidreamdev", "hidreamfull", "illustrious", "pony", "qwen_image", "sd1x",
    "sd1xlcm", "sd3", "sdhyper", "sdxl", "sdxldistilled", "sdxlhyper", "sdxllcm", "sdxllightning", "sdxlturbo",
)  # fmt: skip
"""Every value that the platform is known to take."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "sd1": ("sd1x", "sd1xlcm", "sdhyper"),
    "sdxl": (
        "sdxl", "pony", "illustrious", "sdxllcm", "sdxldistilled", "sdxlhyper", "sdxllightning", "sdxlturbo",
    ),
    "sd3": ("sd3",),
    "flux1": ("flux1d", "flux1s", "fluxkontextdev"),
    "hidream": ("hidreamdev", "hidreamfull"),
    "qwen_image": ("qwen_image",),
}  # fmt: skip
"""The known values of each family; a family that is not here has none."""

PLAIN = {"sd1": "sd1x", "sdxl": "sdxl", "sd3": "sd3", "qwen_image": "qwen_image"}
"""The value that holds for a family's ordinary models."""

SPECIAL = {"qwen_image_edit": "qwen_image", "qwen_image_layered": "qwen_image"}
"""Families that look like another one in a file, and for which its plain value does not hold."""


class Base(NamedTuple):
    """What a base model is, as far as a name tells.

    Attributes:
        family: In the words of ``Inspection.family``.
        architecture: A wire value, or None where the name does not say which.
    """

    family: str
    architecture: str | None


# fmt: off
_UNKNOWN_TO_RUNWARE = (
    "anima", "auraflow", "chroma", "cosmos", "cosmos_predict2", "ernie_image", "flux2", "framepack", "hidream_o1",
    "hunyuan_image", "hunyuan_video", "hunyuan_video_1_5", "ideogram4", "kandinsky5", "krea2", "ltx", "ltx2", "lumina2",
    "omnigen2", "pixart", "qwen_image_edit", "qwen_image_layered", "sana", "sd2", "wan", "z_image",
)
# fmt: on

_WORDS: dict[str, Base] = {
    **{word: Base(word, None) for word in _UNKNOWN_TO_RUNWARE},
    # SD 1.x: ai-toolkit, sd-scripts, modelspec, OneTrainer, SimpleTuner
    **dict.fromkeys(("sd1", "sd1x", "sd15", "sd_1.5", "sd_v1", "stable-diffusion-v1", "stable_diffusion_15",
                     "stable_diffusion_15_inpainting"), Base("sd1", "sd1x")),
    **dict.fromkeys(("sd_v2", "sd_v2_v", "sd_2.1", "sd_2.0", "sd2x", "stable-diffusion-v2-512",
                     "stable-diffusion-v2-768-v", "stable_diffusion_20", "stable_diffusion_20_base",
                     "stable_diffusion_20_inpainting", "stable_diffusion_20_depth", "stable_diffusion_21",
                     "stable_diffusion_21_base"), Base("sd2", None)),
    # SDXL: every child (Pony, Illustrious ...) is written with these words, so none of them names the child
    **dict.fromkeys(("sdxl", "sdxl_", "sdxl_1.0", "sdxl_base_v1-0", "sdxl_base_v0-9", "stable-diffusion-xl-v1-base",
                     "stable_diffusion_xl_10_base", "stable_diffusion_xl_10_base_inpainting"), Base("sdxl", None)),
    "stable-diffusion-xl-turbo-v1": Base("sdxl", "sdxlturbo"),
    # SD3: sd-scripts writes the bare size for ss_base_model_version
    **dict.fromkeys(("sd3", "sd_3", "sd35", "medium", "5-medium", "5-large", "stable_diffusion_3",
                     "stable_diffusion_35"), Base("sd3", "sd3")),
    "flux": Base("flux1", None),
    "flux1": Base("flux1", None),
    "flux.1": Base("flux1", None),
    **dict.fromkeys(("flux-1-dev", "flux-dev", "flux_dev_1", "flux_fill_dev_1", "flux.1-dev"),
                    Base("flux1", "flux1d")),
    **dict.fromkeys(("flux-1-schnell", "flux-schnell", "flux.1-schnell"), Base("flux1", "flux1s")),
    **dict.fromkeys(("flux_kontext", "flux-kontext", "flux.1_kontext", "flux.1-kontext-dev"),
                    Base("flux1", "fluxkontextdev")),
    **dict.fromkeys(("hidream", "hidream_i1", "hidream-i1"), Base("hidream", None)),
    **dict.fromkeys(("hi_dream_full", "hidream-full"), Base("hidream", "hidreamfull")),
    "hidream-dev": Base("hidream", "hidreamdev"),
    **dict.fromkeys(("qwen_image", "qwen-image", "qwen"), Base("qwen_image", "qwen_image")),
    **dict.fromkeys(("qwen-image-edit", "qwen-image-edit-plus", "qwen-image-edit-2511", "qwen_image_edit_plus"),
                    Base("qwen_image_edit", None)),
    **dict.fromkeys(("flux2_klein_4b", "flux2_klein_9b", "flux_2", "flux_2_dev", "flux_2_klein_4b", "flux_2_klein_9b",
                     "flux.2-dev", "flux.2-klein-4b", "flux.2-klein-9b"), Base("flux2", None)),
    **dict.fromkeys(("zimage", "z-image"), Base("z_image", None)),
    **dict.fromkeys(("chroma_1", "chroma1"), Base("chroma", None)),
    **dict.fromkeys(("krea_2",), Base("krea2", None)),
    **dict.fromkeys(("lumina_2", "lumina-2"), Base("lumina2", None)),
    **dict.fromkeys(("wan2.1", "wan21", "wan22_14b", "wan22_5b", "wan_2.1", "wan_2.2_14b", "wan_2.2_5b"),
                    Base("wan", None)),
}  # fmt: skip

# First match wins: the children before their parents.
_NAMES: tuple[tuple[re.Pattern[str], Base], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), base)
    for pattern, base in (
        (r"flux.*kontext", Base("flux1", "fluxkontextdev")),
        (r"flux[._-]?2", Base("flux2", None)),
        (r"(?<![a-z])chroma(?![a-z])", Base("chroma", None)),
        (r"flux[._-]?1?[._-]?schnell", Base("flux1", "flux1s")),
        (r"flux[._-]?1?[._-]?(fill[._-]?|krea[._-]?)?dev", Base("flux1", "flux1d")),
        (r"hidream[._-]?o1", Base("hidream_o1", None)),
        (r"hidream.*full", Base("hidream", "hidreamfull")),
        (r"hidream.*dev", Base("hidream", "hidreamdev")),
        (r"qwen[._-]?image[._-]?edit", Base("qwen_image_edit", None)),
        (r"qwen[._-]?image[._-]?layered", Base("qwen_image_layered", None)),
        (r"qwen[._-]?image", Base("qwen_image", "qwen_image")),
        (r"z[._-]?image", Base("z_image", None)),
        (r"krea[._-]?2", Base("krea2", None)),
        (r"(?<![a-z])wan[._-]?2", Base("wan", None)),
        (r"(?<![a-z])lumina", Base("lumina2", None)),
        (r"noob[._-]?ai|noobxl", Base("sdxl", None)),
        (r"illustrious|ilxl", Base("sdxl", "illustrious")),
        (r"pony|autismmix", Base("sdxl", "pony")),
        (r"(?:sdxl|xl).*turbo", Base("sdxl", "sdxlturbo")),
        (r"(?:sdxl|xl).*lightning", Base("sdxl", "sdxllightning")),
        (r"(?:sdxl|xl).*lcm|lcm.*(?:sdxl|xl)", Base("sdxl", "sdxllcm")),
        (r"sd[._-]?xl[._-]?base|stable-diffusion-xl-base", Base("sdxl", "sdxl")),
        (r"stable-diffusion-3|sd3(?:\.5)?[._-](?:medium|large)", Base("sd3", "sd3")),
        (r"stable-diffusion-(?:v)?1-[1-5]|v1-5-pruned|sd[._-]?v?1[._-]5", Base("sd1", "sd1x")),
        (r"stable-diffusion-2|v2-1_(?:512|768)", Base("sd2", None)),
    )
)

_HASHES = {"67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3": Base("sdxl", "pony")}
_HASH_LENGTH_MIN = 10


def base_from_word(word: str) -> Base | None:
    """Return what a trainer's own word for an architecture stands for, or None when it is not known.

    A suffix such as ``/lora`` (``modelspec.architecture``) or ``:tag`` (ai-toolkit) is ignored.
    """
    return _WORDS.get(word.strip().split("/")[0].split(":")[0].lower())


def base_from_name(name: str) -> Base | None:
    """Return what a base model's repository id or file says by its name, or None when it says nothing.

    Of a path only the last part counts, or the part that the Hub's cache made of a repository id
    (``models--org--name``): a folder may be called anything.
    """
    parts = [part for part in re.split(r"[\\/]", name.strip()) if part]
    cached = next((part for part in parts if part.startswith("models--")), None)
    last = cached or (parts[-1] if parts else "")
    return next((base for pattern, base in _NAMES if pattern.search(last)), None)


def base_from_hash(sha256: str) -> Base | None:
    """Return which known base file this hash (at least its first ten hex digits) belongs to, or None."""
    digits = sha256.lower().removeprefix("0x")
    if len(digits) < _HASH_LENGTH_MIN:
        return None
    return next((base for known, base in _HASHES.items() if known.startswith(digits)), None)


def base_facts(base: Base | None, source: str) -> TrainingFacts:
    """Return family and architecture as facts; none where the base is not known."""
    if base is None:
        return TrainingFacts()
    architecture = Fact(value=base.architecture, source=source) if base.architecture else None
    return TrainingFacts(family=Fact(value=base.family, source=source), architecture=architecture)
