"""What names say about a base model: trainers' version words, modelspec architectures, file names, hashes.

The left sides are what the trainers write (kohya-ss/sd-scripts ``train_util.get_sai_model_spec``, musubi-tuner
``sai_model_spec``, ai-toolkit ``arch``, OneTrainer's templates, SimpleTuner); the right sides are our families and
Runware's architectures. A name that fits several architectures names only the family.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Named", "base_hash", "base_name", "base_version"]


class Named(NamedTuple):
    """What a name says.

    Attributes:
        family: In the words of ``Inspection.family``.
        architecture: The wire value it names without doubt; None when it names only the family.
        uploadable: False where it names a variant that the platform has no architecture for.
    """

    family: str
    architecture: str | None = None
    uploadable: bool = True


# Compared with the value in lower case, without a suffix such as "/lora", with "_", " " and "." as "-".
_VERSIONS = (
    (r"sd-v1|sd1|sd-1-5|sd1x|stable-diffusion-v1(-5)?|stable-diffusion-15(-inpainting)?", Named("sd1", "sd1x")),
    (r"sd-v2.*|sd2x?|sd-2-1|stable-diffusion-v2.*|stable-diffusion-2[01].*", Named("sd2")),
    (r"stable-diffusion-xl-turbo-v1", Named("sdxl", "sdxlturbo")),
    (r"stable-diffusion-xl-v1-refiner|sdxl-refiner.*", Named("sdxl_refiner")),
    (r"sdxl-base-v1-0|sdxl-?|sdxl-1-0|stable-diffusion-xl-v1-base", Named("sdxl")),
    (r"stable-diffusion-xl-10-base(-inpainting)?", Named("sdxl")),
    (r"5-large|5-medium|medium|sd3.*|sd-3.*|stable-diffusion-3.*", Named("sd3", "sd3")),
    (r"flux-?1?-?kontext.*|flux-1-kontext.*", Named("flux1", "fluxkontextdev")),
    (r"flux-?1?-schnell", Named("flux1", "flux1s")),
    (r"flux-?1?-dev|flux-dev-1|flux-fill-dev-1", Named("flux1", "flux1d")),
    # ai-toolkit writes "flux.1" for dev, schnell and Flex.1 alike.
    (r"flux-?1?", Named("flux1")),
    (r"flux-?2.*", Named("flux2")),
    (r"chroma.*", Named("chroma")),
    (r"hidream-o1.*", Named("hidream_o1")),
    (r"hidream(-?i1)?-full|hi-dream-full", Named("hidream", "hidreamfull")),
    (r"hidream(-?i1)?-dev", Named("hidream", "hidreamdev")),
    (r"hidream.*", Named("hidream")),
    (r"qwen-image-(edit|layered).*", Named("qwen_image", uploadable=False)),
    (r"qwen-image|qwen", Named("qwen_image", "qwen_image")),
    (r"z-?image.*", Named("z_image")),
    (r"lumina-?2.*", Named("lumina2")),
    (r"wan.*", Named("wan")),
    (r"hunyuan-video|framepack", Named("hunyuan_video")),
    (r"krea-?2.*", Named("krea2")),
    (r"anima", Named("anima")),
)
_COMPILED = tuple((re.compile(pattern), named) for pattern, named in _VERSIONS)

# Compared with the base model's name or repository id in lower case.
_NAMES = (
    (r"pony|autismmix", Named("sdxl", "pony")),
    (r"illustrious|ilxl|wai-?nsfw", Named("sdxl", "illustrious")),
    (r"sd[-_]?xl[-_]turbo", Named("sdxl", "sdxlturbo")),
    (r"sdxl[-_]lightning", Named("sdxl", "sdxllightning")),
    (r"(^|/)sd_xl_base_1\.0|stable-diffusion-xl-base-1\.0", Named("sdxl", "sdxl")),
    (r"kontext", Named("flux1", "fluxkontextdev")),
    (r"flux.*schnell", Named("flux1", "flux1s")),
    (r"flux[-_.]?2", Named("flux2")),
    (r"flux[-_.]?1?[-_]?((fill|krea)[-_])?dev", Named("flux1", "flux1d")),
    (r"hidream[-_]i1[-_]full", Named("hidream", "hidreamfull")),
    (r"hidream[-_]i1[-_]dev", Named("hidream", "hidreamdev")),
    (r"qwen[-_]image[-_](edit|layered)", Named("qwen_image", uploadable=False)),
    (r"chroma", Named("chroma")),
    (r"qwen[-_]image", Named("qwen_image", "qwen_image")),
    (r"z[-_]image", Named("z_image")),
    (r"krea[-_]2", Named("krea2")),
    (r"lumina[-_]image[-_]2", Named("lumina2")),
    (r"(?<![a-z])wan[-_]?2", Named("wan")),
    (r"stable-diffusion-3|sd3(\.5)?[-_](medium|large)", Named("sd3", "sd3")),
    (r"stable-diffusion-v?1-[1-5]|v1-5-pruned|sd[-_]v?1[-_.]5", Named("sd1", "sd1x")),
    (r"stable-diffusion-2|v2-1[-_](512|768)", Named("sd2")),
)
_COMPILED_NAMES = tuple((re.compile(pattern), named) for pattern, named in _NAMES)

# sha256 of well-known base models, as kohya writes them into ss_new_sd_model_hash.
_HASHES = {
    "67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3": Named("sdxl", "pony"),  # Pony Diffusion V6 XL
    "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b": Named("sdxl", "sdxl"),  # sd_xl_base_1.0
}


def base_version(value: str) -> Named | None:
    """Read ``ss_base_model_version`` or ``modelspec.architecture``."""
    word = re.sub(r"[_ .]", "-", value.partition("/")[0].strip().lower())
    return next((named for pattern, named in _COMPILED if pattern.fullmatch(word)), None)


def base_name(value: str) -> Named | None:
    """Read the name of a base model's file or repository."""
    return next((named for pattern, named in _COMPILED_NAMES if pattern.search(value.lower())), None)


def base_hash(value: str) -> Named | None:
    """Read the sha256 of a base model."""
    return _HASHES.get(value.strip().lower().removeprefix("0x"))
