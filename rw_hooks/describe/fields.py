"""How the model is named and used: names, words, numbers, the preview image.

The strongest source of each field wins.
"""

from __future__ import annotations

import math
import re
from pathlib import Path, PurePath
from typing import TypeVar

from rw_hooks.air import AirRequest
from rw_hooks.artifact.model import Claims
from rw_hooks.config.options import OPTIONS, Option, option
from rw_hooks.describe.model import Draft, WireValue
from rw_hooks.errors import UsageError
from rw_hooks.facts.model import Fact

T = TypeVar("T")

__all__ = ["put_defaults", "put_hero", "put_naming", "put_words", "require_applicable"]

_FILE_NAMES_THAT_SAY_NOTHING = re.compile(
    r"(pytorch_lora_weights(_kohya)?|adapter_model|diffusion_pytorch_model|model|lora|last|learned_embeds"
    r"|(epoch|step)[-_]?\d+)(-steps-\d+)?",
    re.IGNORECASE,
)
_FOLDERS_THAT_SAY_NOTHING = re.compile(
    r"(output|outputs|out|model|models|lora|loras|save|ws|workspace|transformer|unet|vae|checkpoints?"
    r"|(checkpoint|epoch|step)-?\d+)?",
    re.IGNORECASE,
)
_DEFAULT = "platform default"
_METADATA = "the file's metadata"


def require_applicable(draft: Draft) -> None:
    """Raise if a given option does not apply to the category.

    Raises:
        UsageError: An option does not apply; the error names it.
    """
    category = draft.category
    if category is None:
        return
    for name, given in draft.settings.given.items():
        entry = option(name)
        if entry.categories and category not in entry.categories:
            raise UsageError(
                "not_applicable",
                f"{given.source} does not apply to {category}; it is for {', '.join(entry.categories)}",
                hint=f"leave {entry.flag} out, or give another --category",
                stage="describe",
            )


def put_naming(draft: Draft) -> None:
    """Put name, version, description and whether the model is private."""
    claims, facts = draft.inspection.claims, draft.facts
    title = _claim(claims, "title") or _claim(claims, "output_name")
    _put_strongest(draft, "name", *_ranked(facts.name, title), _name_of_file(draft.inspection.path))
    _put_strongest(draft, "version", *_ranked(facts.version, _claimed_version(claims)), _first_version(draft))
    _put_strongest(draft, "description", *_ranked(facts.description, _claim(claims, "description")))
    _put_strongest(draft, "private", facts.private, Fact(value=True, source=_DEFAULT))
    for name in ("webhook_url", "delivery_method"):
        _put_strongest(draft, name)


def _ranked(fact: Fact[T] | None, claim: Fact[T] | None) -> tuple[Fact[T] | None, Fact[T] | None]:
    """Return the run's fact and the file's metadata, the stronger first: the fact only if the user stated it."""
    return (claim, fact) if fact is not None and fact.strength != "stated" else (fact, claim)


def _name_of_file(path: str) -> Fact[str]:
    pure = PurePath(path)
    if not _FILE_NAMES_THAT_SAY_NOTHING.fullmatch(pure.stem):
        return Fact(value=pure.stem, source="file name", strength="derived")
    folder = next((part for part in reversed(pure.parent.parts) if _tells(part)), None)
    if folder is None:
        return Fact(value=pure.stem, source="file name", strength="derived")
    return Fact(value=folder, source="folder name", strength="derived")


def _tells(folder: str) -> bool:
    return not _FOLDERS_THAT_SAY_NOTHING.fullmatch(folder) and folder.strip("./\\") != "" and ":" not in folder


def _claimed_version(claims: Claims) -> Fact[str] | None:
    moment = f"step-{claims.steps}" if claims.steps else f"epoch-{claims.epoch}" if claims.epoch else ""
    label = "-".join(filter(None, (claims.version, moment)))
    key = "version" if claims.version else "steps" if claims.steps else "epoch"
    return Fact(value=label, source=claims.sources.get(key, _METADATA)) if label else None


def _first_version(draft: Draft) -> Fact[str]:
    air = draft.fields.get("air")
    version = AirRequest.parse(air).version if isinstance(air, str) else None
    return Fact(value=f"v{version or 1}", source="the AIR's version" if version else "default")


def _claim(claims: Claims, name: str) -> Fact[str] | None:
    value: str | None = getattr(claims, name)
    return Fact(value=value, source=claims.sources.get(name, _METADATA)) if value else None


def put_words(draft: Draft) -> None:
    """Put trigger words and tags; what captions have in common becomes a suggestion.

    The token of a negative embedding is a negative trigger word.
    """
    claims, facts = draft.inspection.claims, draft.facts
    _put_strongest(draft, "tags", *_ranked(facts.tags, _words_claimed(claims, "tags")))
    if not _applies("trigger_words", draft.category):
        return
    ranked = _ranked(_sendable(facts.trigger_words), _words_claimed(claims, "trigger_words"))
    told = next((words for words in ranked if words is not None), None)
    against = _sendable(facts.negative_trigger_words)
    if draft.type == "negative" and against is None:
        told, against = None, told
    _put_strongest(draft, "trigger_words", _joined(told))
    _put_strongest(draft, "negative_trigger_words", _joined(against))
    hinted = facts.trigger_words.value if facts.trigger_words else claims.caption_tags
    if hinted and not {"positiveTriggerWords", "negativeTriggerWords"} & draft.fields.keys():
        draft.suggestions["trigger_words"] = ", ".join(hinted)


def _words_claimed(claims: Claims, name: str) -> Fact[tuple[str, ...]] | None:
    words: tuple[str, ...] = getattr(claims, name)
    return Fact(value=words, source=claims.sources.get(name, _METADATA)) if words else None


def _sendable(fact: Fact[tuple[str, ...]] | None) -> Fact[tuple[str, ...]] | None:
    return None if fact is None or fact.strength == "suggested" or not fact.value else fact


def _joined(fact: Fact[tuple[str, ...]] | None) -> Fact[str] | None:
    return Fact(value=", ".join(fact.value), source=fact.source) if fact else None


def put_defaults(draft: Draft) -> None:
    """Put weight, steps, CFG, scheduler and strength, if the category has them."""
    facts = draft.facts
    told: dict[str, Fact[float] | Fact[int] | Fact[str] | None] = {
        "weight": facts.weight,
        "steps": facts.steps,
        "cfg": facts.cfg,
        "scheduler": facts.scheduler,
        "strength": None,
    }
    for name, fact in told.items():
        _put_strongest(draft, name, fact if _applies(name, draft.category) else None)


def _applies(name: str, category: str | None) -> bool:
    categories = option(name).categories
    return not categories or category in categories


def put_hero(draft: Draft) -> None:
    """Put the preview image's URL, or the image file that can be hosted for it."""
    given, sample = draft.settings.given.get("hero_image"), draft.facts.hero_image
    if given is not None:
        value, source = str(given.value), given.source
    elif sample is not None:
        value, source = sample.value, sample.source
    else:
        return
    if value.startswith(("https://", "http://") if given else "https://"):
        draft.put("heroImageURL", value, source)
        return
    path = Path(value).expanduser()
    if path.is_file():
        draft.hero_file, draft.hero_source, draft.hero_given = path, source, given is not None
        if given is not None:
            draft.sources["heroImageURL"] = f"{source}: {path.name}, which gets its URL when the model is published"
        else:
            draft.suggestions["hero_image"] = path.name
    elif given is not None:
        raise UsageError("bad_option", f"{source}: {value} is neither an image file nor a URL", stage="describe")


def _put_strongest(
    draft: Draft,
    name: str,
    *told: Fact[str] | Fact[tuple[str, ...]] | Fact[int] | Fact[float] | Fact[bool] | None,
) -> None:
    """Put the option's field: the given value, else the first other value that the field's bounds allow."""
    entry = OPTIONS[name]
    given = draft.settings.given.get(name)
    if given is not None:
        value = ", ".join(given.value) if isinstance(given.value, tuple) and name != "tags" else given.value
        if value not in ("", ()):
            draft.put(entry.wire, value, given.source)
        return
    for fact in told:
        bounded = _bounded(draft, entry, fact.value, fact.source) if fact is not None else None
        if fact is not None and bounded is not None:
            draft.put(entry.wire, bounded, fact.source)
            return


def _bounded(draft: Draft, entry: Option, value: WireValue, source: str) -> WireValue | None:
    """Return a derived value cut to the field's bounds, with a warning, or None if nothing is left."""
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return _bounded_list(draft, entry, value, source)
    if isinstance(value, str):
        return _bounded_text(draft, entry, value.strip(), source)
    if not math.isfinite(value):
        return None
    cut = min(max(value, entry.low if entry.low is not None else value), entry.high or value)
    if cut == value:
        return value
    draft.warn("value_cut", f"{entry.wire} is set to {cut:g}, because {source} says {value:g}, which is out of bounds")
    return int(cut) if isinstance(value, int) else cut


def _bounded_text(draft: Draft, entry: Option, text: str, source: str) -> str | None:
    if len(text) < (entry.low or 1):
        return None
    if entry.high is None or len(text) <= entry.high:
        return text
    draft.warn("value_cut", f"{entry.wire} was cut to {entry.high:g} characters; {source} has {len(text)}")
    return text[: int(entry.high)]


def _bounded_list(draft: Draft, entry: Option, items: tuple[str, ...], source: str) -> tuple[str, ...] | None:
    unique = tuple(dict.fromkeys(item for item in items if item))
    kept = tuple(item for item in unique if entry.item_high is None or len(item) <= entry.item_high)
    kept = kept[: int(entry.high)] if entry.high is not None else kept
    if len(kept) < len(unique):
        draft.warn("value_cut", f"{entry.wire} has {len(kept)} of the {len(unique)} items of {source}; "
                   f"at most {entry.high:g} of {entry.item_high} characters are allowed")  # fmt: skip
    return kept or None
