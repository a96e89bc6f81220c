"""The ``modelUpload`` request of each of the six categories, checked before anything is sent.

Fields, bounds and what applies to which category are those of Runware's model upload page of 2025-10 and stand in
:mod:`rw_hooks.config.options`. What today's schema no longer lists (controlnet, refiner, ``conditioning``,
``webhookURL``, ``deliveryMethod``) is sent when it was given: the platform decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from rw_hooks.air import Air
from rw_hooks.config.options import OPTIONS, Option
from rw_hooks.errors import UsageError

__all__ = [
    "CheckpointUpload",
    "ControlnetUpload",
    "EmbeddingsUpload",
    "LoraUpload",
    "LycorisUpload",
    "ModelUpload",
    "VaeUpload",
    "build_upload",
    "option_of",
]

_BY_WIRE: Mapping[str, Option] = {entry.wire: entry for entry in OPTIONS.values() if entry.wire}


def option_of(wire: str) -> Option | None:
    """Return the option that sets this request field, or None."""
    return _BY_WIRE.get(wire)


def _optional(name: str, **more: Any) -> Any:  # noqa: ANN401 - as pydantic.Field itself
    """Return a field that may be left out, with the option's wire name and bounds."""
    entry = OPTIONS[name]
    return Field(default=None, alias=entry.wire, **_bounds(entry), **more)


def _bounds(entry: Option) -> dict[str, Any]:
    if entry.kind == "integer":
        return {"ge": entry.low, "le": entry.high, "strict": True}
    if entry.kind == "number":
        return {"ge": entry.low, "le": entry.high, "strict": True, "allow_inf_nan": False}
    if entry.choices:
        return {}
    return {"min_length": entry.low, "max_length": entry.high}


def _read_air(value: object) -> Air:
    return value if isinstance(value, Air) else Air.parse(str(value))


def _one_string(value: object) -> object:
    """Join words: the founding page says a list, every example and every later schema one comma-separated string."""
    if not isinstance(value, (str, list, tuple)):
        return value
    words = value.split(",") if isinstance(value, str) else [str(word) for word in cast("Sequence[object]", value)]
    return ", ".join(filter(None, (word.strip() for word in words)))


def _require_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(tags)) < len(tags):
        raise ValueError("each tag may occur only once")
    longest = OPTIONS["tags"].item_high
    if longest is not None and any(len(tag) > longest for tag in tags):
        raise ValueError(f"a tag may have at most {longest} characters")
    return tags


def _require_web_address(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("expected an http:// or https:// URL")
    return url


_AirField = Annotated[Air, BeforeValidator(_read_air), PlainSerializer(str, return_type=str)]
_Words = Annotated[str, BeforeValidator(_one_string)]
_Tags = Annotated[tuple[str, ...], AfterValidator(_require_tags)]
_Url = Annotated[str, AfterValidator(_require_web_address)]
_Text = Annotated[str, Field(min_length=1)]
_Conditioning = Literal[
    "blur", "canny", "depth", "gray", "hed", "inpaint", "inpaintdepth", "lineart", "lowquality", "normal", "openmlsd",
    "openpose", "outfit", "pix2pix", "qrcode", "scrible", "seg", "shuffle", "sketch", "softedge", "tile",
]  # fmt: skip


class _Upload(BaseModel):
    """What all categories have in common. Attributes are named as the request's fields, in snake case.

    Attributes:
        air: The model's handle, kept to the letter.
        unique_identifier: The file's sha256, hexadecimal: with the AIR it makes a repeated request idempotent.
        name: Display name.
        version: Label of the version; not the AIR's version.
        architecture: Any name; see :func:`rw_hooks.runware.architecture_warning`.
        private: Whether only the organisation sees the model; always sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    architecture: _Text
    format: Literal["safetensors"] = "safetensors"
    air: _AirField
    unique_identifier: _Text = Field(alias="uniqueIdentifier")
    name: _Text
    version: _Text
    private: bool = True
    hero_image_url: _Url | None = _optional("hero_image", repr=False)
    tags: _Tags | None = _optional("tags")
    short_description: str | None = _optional("description")
    comment: str | None = _optional("comment")
    webhook_url: _Url | None = _optional("webhook_url", repr=False)
    delivery_method: Literal["sync", "async"] | None = _optional("delivery_method")

    def wire(self, task_uuid: str, download_url: str) -> dict[str, object]:
        """Return the task object to send. It holds a URL that may be a secret: never log it.

        Args:
            task_uuid: A UUID v4.
            download_url: Where the platform fetches the file now; freshly minted where it is signed.
        """
        fields = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"taskType": "modelUpload", "taskUUID": task_uuid, **fields, "downloadURL": download_url}

    def digest(self) -> str:
        """Return a hash of everything but the two parts that differ from one sending to the next."""
        return hashlib.sha256(json.dumps(self.wire("", ""), sort_keys=True).encode()).hexdigest()


class _Triggered(_Upload):
    """A category that a prompt activates by words."""

    positive_trigger_words: _Words | None = _optional("trigger_words")
    negative_trigger_words: _Words | None = _optional("negative_trigger_words")


class CheckpointUpload(_Triggered):
    """A base model. ``type`` says what for; the defaults hold where an inference names none."""

    category: Literal["checkpoint"] = "checkpoint"
    type: Literal["base", "inpainting", "refiner"]
    default_scheduler: str | None = _optional("scheduler")
    default_steps: int | None = _optional("steps")
    default_cfg: float | None = _optional("cfg")
    default_strength: float | None = _optional("strength")


class LoraUpload(_Triggered):
    """A low-rank adapter."""

    category: Literal["lora"] = "lora"
    default_weight: float | None = _optional("weight")


class LycorisUpload(_Triggered):
    """Another kind of adapter (LoKr, LoHa ...). The page gives it no default weight; Runware's own CLI does."""

    category: Literal["lycoris"] = "lycoris"
    default_weight: float | None = _optional("weight")


class ControlnetUpload(_Upload):
    """A ControlNet."""

    category: Literal["controlnet"] = "controlnet"
    conditioning: _Conditioning | None = _optional("conditioning")


class VaeUpload(_Upload):
    """A variational autoencoder."""

    category: Literal["vae"] = "vae"


class EmbeddingsUpload(_Triggered):
    """A textual inversion. ``type`` says in which prompt it belongs."""

    category: Literal["embeddings"] = "embeddings"
    type: Literal["positive", "negative"]


ModelUpload = Annotated[
    CheckpointUpload | LoraUpload | LycorisUpload | ControlnetUpload | VaeUpload | EmbeddingsUpload,
    Field(discriminator="category"),
]

_ADAPTER: TypeAdapter[ModelUpload] = TypeAdapter(ModelUpload)


def build_upload(fields: Mapping[str, object]) -> ModelUpload:
    """Make the request from its fields by wire name, without ``taskUUID`` and ``downloadURL``.

    Raises:
        UsageError: A field is missing, out of bounds or does not apply to the category; the message names the option.
    """
    try:
        return _ADAPTER.validate_python({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise _usage_error(error, str(fields.get("category"))) from None


def _usage_error(error: ValidationError, category: str) -> UsageError:
    first = error.errors(include_url=False, include_input=False)[0]
    wire = _wire_name(first["loc"], category)
    entry = option_of(wire)
    if entry is None:
        return UsageError("bad_request", f"the request's field {wire}: {first['msg']}", stage="describe")
    what = _what(first["type"], first["msg"], entry, category)
    return UsageError("bad_request", f"{entry.name} ({entry.flag}) {what}", hint=f"change {entry.flag}: {entry.help}",
                      stage="describe")  # fmt: skip


def _wire_name(location: tuple[int | str, ...], category: str) -> str:
    """Return the field that an error is about; pydantic puts the category before it, and nothing for the category."""
    names = [part for part in location if isinstance(part, str) and part != category]
    return names[0] if names else "category"


def _what(kind: str, message: str, entry: Option, category: str) -> str:
    if kind == "extra_forbidden":
        return f"does not apply to category {category}, only to {', '.join(entry.categories)}"
    if kind == "missing":
        return f"is needed for category {category}"
    return "is refused: " + message.removeprefix("Value error, ")
