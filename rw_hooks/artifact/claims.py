"""What a file's metadata says: the trainers' metadata, cleaned, each value with its key.

The keys are those of kohya-ss/sd-scripts and musubi-tuner (``ss_*``, ``modelspec.*``), ai-toolkit (``software``,
``training_info``, ``name``, ``version``), OneTrainer (``ot_*``), SimpleTuner (``trained_words``, ``global_step``) and
diffusers (``lora_adapter_metadata``). Claims are shown as claims; the structure is always stronger.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeVar, cast

from rw_hooks.artifact.identify.base_models import Named, base_hash, base_name, base_version
from rw_hooks.artifact.model import Claims

__all__ = ["read_claims"]

_ABSENT = frozenset({"", "none", "null", "(unknown)", "unknown", "isadirectory", "nosuchfile"})
_REPEATS = re.compile(r"(\d+)_(.+)", re.DOTALL)
_HEX64 = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_LONGEST = 4000
_TOO_LARGE = 2**53

T = TypeVar("T", int, float)


class _Reader:
    """Reads metadata values one by one, and records the key of each."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self.metadata = metadata
        self.sources: dict[str, str] = {}

    def text(self, key: str) -> str | None:
        value = self.metadata.get(key, "")[:_LONGEST].strip()
        return None if value.lower() in _ABSENT else value

    def first(self, field: str, *keys: str) -> str | None:
        for key in keys:
            value = self.text(key)
            if value is not None:
                self.sources[field] = key
                return value
        return None

    def number(self, field: str, *keys: str) -> float | None:
        try:
            number = float(self.first(field, *keys) or "nan")
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        self.sources.pop(field, None)
        return None

    def whole(self, field: str, *keys: str) -> int | None:
        value = self.number(field, *keys)
        return int(value) if value is not None and abs(value) < _TOO_LARGE else None

    def json(self, key: str) -> object:
        try:
            return json.loads(self.metadata.get(key, "null"))
        except (ValueError, RecursionError):
            return None

    def mapping(self, key: str) -> dict[str, object]:
        value = self.json(key)
        return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def read_claims(metadata: Mapping[str, str]) -> Claims:
    """Return what the metadata says, without values that are known to be wrong."""
    reader = _Reader(metadata)
    if _is_onetrainer(metadata):
        # Its template carries Stability's own author, title, licence and thumbnail.
        reader.metadata = {
            key: value for key, value in metadata.items()
            if key not in {"modelspec.author", "modelspec.title", "modelspec.license", "modelspec.thumbnail",
                           "modelspec.description", "modelspec.usage_hint"}
        }  # fmt: skip
    trainer, version = _trainer(reader)
    named = _base(reader)
    network_args = reader.mapping("ss_network_args")
    training = reader.mapping("training_info")
    return Claims(
        trainer=trainer,
        trainer_version=version,
        title=reader.first("title", "modelspec.title", "ss_metadata_title"),
        output_name=reader.first("output_name", "ss_output_name", *(("name",) if trainer == "ai_toolkit" else ())),
        version=reader.first("version", "version") if trainer == "ai_toolkit" else None,
        description=reader.first("description", "modelspec.description"),
        author=reader.first("author", "modelspec.author"),
        license=reader.first("license", "modelspec.license"),
        tags=_words(reader.first("tags", "modelspec.tags")),
        comment=reader.first("comment", "ss_training_comment", "modelspec.comment"),
        trigger_words=_trigger_words(reader, trainer),
        caption_tags=_caption_tags(reader),
        is_negative=_truth(reader.first("is_negative", "modelspec.is_negative_embedding")),
        architecture=named.architecture if named else None,
        family=named.family if named else None,
        other_variant=named is not None and not named.uploadable,
        base_model=_file_name(reader.first("base_model", "ss_sd_model_name")),
        base_model_hash=_hash(reader.first("base_model_hash", "ss_new_sd_model_hash")),
        conditioning=reader.first("conditioning", "modelspec.preprocessor"),
        network_module=reader.first("network_module", "ss_network_module"),
        network_args={key: str(value) for key, value in network_args.items() if value is not None},
        rank=reader.whole("rank", "ss_network_dim") or _adapter_number(reader, "rank", "r"),
        alpha=_or(reader.number("alpha", "ss_network_alpha"), _adapter_number(reader, "alpha", "lora_alpha")),
        steps=_or(reader.whole("steps", "ss_steps", "global_step"), _item(training, "step")),
        epoch=_or(reader.whole("epoch", "ss_epoch"), _item(training, "epoch")),
        resolution=reader.first("resolution", "modelspec.resolution", "ss_resolution"),
        optimizer=reader.first("optimizer", "ss_optimizer"),
        learning_rate=reader.first("learning_rate", "ss_learning_rate", "ss_unet_lr"),
        sources=reader.sources,
    )


def _is_onetrainer(metadata: Mapping[str, str]) -> bool:
    return any(key.startswith("ot_") for key in metadata)


def _trainer(reader: _Reader) -> tuple[str | None, str | None]:
    """Return who wrote the file and in which version, by the marks that each trainer leaves."""
    software = reader.mapping("software")
    implementation, _, version = (reader.text("modelspec.implementation_version") or "").partition("/")
    marks = (
        ("onetrainer", "ot_revision", _is_onetrainer(reader.metadata), reader.text("ot_revision")),
        ("ai_toolkit", "software", software.get("name") == "ai-toolkit", software.get("version")),
        ("kohya", "modelspec.implementation_version", implementation == "sd-scripts", version),
        ("musubi", "ss_num_train_items", "ss_num_train_items" in reader.metadata, None),
        ("simpletuner", "trained_words", "trained_words" in reader.metadata, None),
        ("diffusers", "lora_adapter_metadata", "lora_adapter_metadata" in reader.metadata, None),
        ("kohya", "ss_sd_scripts_commit_hash", "ss_sd_scripts_commit_hash" in reader.metadata,
         reader.text("ss_sd_scripts_commit_hash")),
    )  # fmt: skip
    for trainer, key, found, said in marks:
        if found:
            reader.sources["trainer"] = key
            return trainer, said if isinstance(said, str) and said.lower() not in _ABSENT else None
    return None, None


def _base(reader: _Reader) -> Named | None:
    """Record the named base model: the most specific name wins, but not against a version name that is unambiguous.

    kohya calls every child of SDXL ``sdxl_base_v1-0`` and every FLUX.1 fine-tune dev; musubi writes ``Flux.1-dev``
    for Kontext, where only ``ss_base_model_version`` is right.
    """
    sources: tuple[tuple[str, Callable[[str], Named | None]], ...] = (
        ("ss_base_model_version", base_version),
        ("ss_new_sd_model_hash", base_hash),
        ("ss_sd_model_name", base_name),
        ("modelspec.architecture", base_version),
    )
    said = [(key, named) for key, read in sources if (named := read(reader.text(key) or ""))]
    if not said:
        return None
    family = said[0][1].family
    agreeing = [(key, named) for key, named in said if named.family == family]
    barred = next(((key, named) for key, named in agreeing if not named.uploadable), None)
    chosen = barred or next(((key, named) for key, named in agreeing if named.architecture), agreeing[0])
    reader.sources["family"] = agreeing[0][0]
    if chosen[1].architecture:
        reader.sources["architecture"] = chosen[0]
    return chosen[1]


def _trigger_words(reader: _Reader, trainer: str | None) -> tuple[str, ...]:
    stated = reader.first("trigger_words", "modelspec.trigger_phrase", "trained_words")
    if stated is not None:
        return _words(stated)
    for key, found in (
        ("ss_datasets", _class_tokens(reader)),
        ("ss_tag_frequency", _folder_words(reader, ai_toolkit=trainer == "ai_toolkit")),
    ):
        if found:
            reader.sources["trigger_words"] = key
            return found
    return ()


def _class_tokens(reader: _Reader) -> tuple[str, ...]:
    """Read kohya's dataset configuration names the class of each subset that is no regularisation set."""
    found: list[str] = []
    for dataset in _objects(reader.json("ss_datasets")):
        for subset in _objects(dataset.get("subsets")):
            token = subset.get("class_tokens")
            if isinstance(token, str) and token.strip() and not subset.get("is_reg"):
                found.append(token.strip())
    return tuple(dict.fromkeys(found))


def _folder_words(reader: _Reader, *, ai_toolkit: bool) -> tuple[str, ...]:
    """Read kohya's folders, called ``<repeats>_<trigger>``; ai-toolkit writes its trigger in the same form."""
    regular = reader.mapping("ss_reg_dataset_dirs")
    folders = [name for name in reader.mapping("ss_tag_frequency") if name not in regular]
    words = [match[2].strip() for name in folders if (match := _REPEATS.fullmatch(name))]
    return tuple(dict.fromkeys(words)) if ai_toolkit or len(set(words)) == 1 else ()


def _caption_tags(reader: _Reader) -> tuple[str, ...]:
    """Return tags that stand in every caption of every folder."""
    counts = {name: item.get("img_count") for name, item in _named_objects(reader.mapping("ss_dataset_dirs"))}
    everywhere: set[str] | None = None
    for name, tags in _named_objects(reader.mapping("ss_tag_frequency")):
        if counts.get(name) is None:
            return ()
        always = {tag for tag, count in tags.items() if count == counts[name]}
        everywhere = always if everywhere is None else everywhere & always
    return tuple(sorted(everywhere or ()))[:20]


def _objects(value: object) -> Iterable[dict[str, object]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, object]", item) for item in items if isinstance(item, dict)]


def _named_objects(value: Mapping[str, object]) -> Iterable[tuple[str, dict[str, object]]]:
    return [(name, cast("dict[str, object]", item)) for name, item in value.items() if isinstance(item, dict)]


def _adapter_number(reader: _Reader, field: str, name: str) -> int | None:
    """Read PEFT's own configuration, which diffusers stores with the component's name in front."""
    config = reader.mapping("lora_adapter_metadata")
    for key in (f"transformer.{name}", f"unet.{name}", name):
        value = _item(config, key)
        if value is not None:
            reader.sources[field] = "lora_adapter_metadata"
            return value
    return None


def _item(values: Mapping[str, object], key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_LARGE else None


def _or(first: T | None, second: T | None) -> T | None:
    return second if first is None else first


def _words(value: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (word.strip() for word in (value or "").split(",")))))


def _truth(value: str | None) -> bool | None:
    return None if value is None else value.strip().lower() in {"true", "1", "yes"}


def _file_name(value: str | None) -> str | None:
    """Keep a repository id; of a path keep the last part only."""
    if value is None:
        return None
    if "\\" in value or re.match(r"[A-Za-z]:", value):
        return PureWindowsPath(value).name
    return PurePosixPath(value).name if value.startswith(("/", ".", "~")) or value.count("/") > 1 else value


def _hash(value: str | None) -> str | None:
    return value.lower().removeprefix("0x") if value and _HEX64.fullmatch(value) else None
