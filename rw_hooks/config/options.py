"""The one table of all options. Standard library only, so that a hook in a trainer's environment can read it.

The command line, :class:`rw_hooks.PublishHook`, the environment (``RW_HOOKS_<NAME>``), ``rw-hooks.toml``, ``rw-hooks
init`` and the manual are all made from :data:`OPTIONS`. An option has the same name everywhere: ``--trigger-words``,
``RW_HOOKS_TRIGGER_WORDS``, ``trigger_words``.

Bounds, and the categories of each option, are those of Runware's model upload page of 2025-10. Other values are refused
here, before anything is sent.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from rw_hooks.air import AirRequest

__all__ = ["CATEGORIES", "OPTIONS", "Option", "Value", "check", "coerce", "option"]

Kind = Literal["text", "air", "words", "integer", "number", "boolean", "url", "path", "names", "which"]
Value = str | int | float | bool | tuple[str, ...]

CATEGORIES = ("checkpoint", "lora", "lycoris", "controlnet", "vae", "embeddings")
_WITH_TRIGGERS = ("checkpoint", "lora", "lycoris", "embeddings")
_CONDITIONING = (
    "blur",
    "canny",
    "depth",
    "gray",
    "hed",
    "inpaint",
    "inpaintdepth",
    "lineart",
    "lowquality",
    "normal",
    "openmlsd",
    "openpose",
    "outfit",
    "pix2pix",
    "qrcode",
    "scrible",
    "seg",
    "shuffle",
    "sketch",
    "softedge",
    "tile",
)
_WHICH = re.compile(r"final|all|best|every:[1-9][0-9]*|last:[1-9][0-9]*")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: Its Python and TOML name; the flag has dashes, and the variable is ``RW_HOOKS_`` and the name in capitals.
        kind: The kind of its value; see :func:`coerce`.
        help: One sentence for people.
        wire: The field of Runware's request that it sets; empty if it sets none.
        choices: The allowed values; empty if all are allowed.
        low: The smallest number, or the shortest length of a text.
        high: The greatest number, the greatest length of a text, or the greatest number of items.
        categories: The model categories that the field applies to; empty for all.
        item_high: The greatest length of one item of a list.
        default: The default in words, for the help texts and ``init``.
    """

    name: str
    kind: Kind
    help: str
    wire: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    item_high: int | None = None
    default: str = ""

    @property
    def flag(self) -> str:
        """The option's flag on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The option's environment variable."""
        return "RW_HOOKS_" + self.name.upper()


_TABLE = (
    Option("air", "air", "AIR of the model: source:id@version, or source:id to get the next free version.", wire="air",
           default="your account's source, an id made from the file's sha256, version 1"),
    Option("name", "text", "Display name of the model.", wire="name", low=1,
           default="the run's name, else the file name"),
    Option("version", "text", "Label of this version (not the AIR's version).", wire="version", low=1,
           default="the run's step or epoch, else v and the AIR's version"),
    Option("category", "text", "What kind of model the file is.", wire="category", choices=CATEGORIES,
           default="detected from the file"),
    Option("type", "text", "Type of a checkpoint (base, inpainting, refiner) or embedding (positive, negative).",
           wire="type", choices=("base", "inpainting", "refiner", "positive", "negative"),
           categories=("checkpoint", "embeddings"), default="detected from the file"),
    Option("architecture", "text", "Runware's name of the base architecture, such as sdxl, pony or flux1d.",
           wire="architecture", low=1, default="detected from the file and the run"),
    Option("conditioning", "text", "What a ControlNet is conditioned on.", wire="conditioning",
           choices=_CONDITIONING, categories=("controlnet",)),
    Option("trigger_words", "words", "Words that activate the model in a prompt.", wire="positiveTriggerWords",
           categories=_WITH_TRIGGERS, default="the trigger words of the run, if it has any"),
    Option("negative_trigger_words", "words", "Words to use in a negative prompt with the model.",
           wire="negativeTriggerWords", categories=_WITH_TRIGGERS),
    Option("tags", "words", "Tags for the Model Explorer; at most 100, each at most 400 characters.", wire="tags",
           high=100, item_high=400),
    Option("description", "text", "Short description, 2 to 40000 characters.", wire="shortDescription",
           low=2, high=40_000),
    Option("comment", "text", "Internal note, 2 to 1000 characters.", wire="comment", low=2, high=1_000,
           default="a summary of the run"),
    Option("weight", "number", "Default weight, -4 to 4.", wire="defaultWeight", low=-4, high=4,
           categories=("lora", "lycoris")),
    Option("steps", "integer", "Default number of inference steps, 1 to 100.", wire="defaultSteps", low=1, high=100,
           categories=("checkpoint",)),
    Option("cfg", "number", "Default guidance scale, 0 to 30.", wire="defaultCFG", low=0, high=30,
           categories=("checkpoint",)),
    Option("scheduler", "text", "Default scheduler, by Runware's name.", wire="defaultScheduler", low=1,
           categories=("checkpoint",)),
    Option("strength", "number", "Default image-to-image strength, 0 to 1.", wire="defaultStrength", low=0, high=1,
           categories=("checkpoint",)),
    Option("hero_image", "text", "Preview image: a public URL, or an image file.", wire="heroImageURL", low=1),
    Option("private", "boolean", "Whether only your organisation sees the model.", wire="private", default="true"),
    Option("webhook_url", "url", "URL to which Runware posts the result (API of 2025-10 only).", wire="webhookURL"),
    Option("delivery_method", "text", "How REST delivers results (API of 2025-10 only).", wire="deliveryMethod",
           choices=("sync", "async")),
    Option("host", "text", "Where to put the file so that it has a URL: hf://user/repo[?public=1], s3://, gs://, "
           "az://, dir:///path?url=https://...; or the https:// URL that the file already has.", low=1,
           default="hf://<your user>/<name> if there is a Hugging Face token"),
    Option("config", "path", "The trainer's config file, launch script, or its argv as JSON.", low=1),
    Option("trainer", "text", "Name of the trainer, if rw-hooks does not detect it.", low=1,
           default="detected from the run's files"),
    Option("which", "which", "Which saved files to publish: final, every:N, last:K, best, all.", default="final"),
    Option("transport", "text", "How to talk to Runware.", choices=("auto", "ws", "rest"), default="auto"),
    Option("verify", "text", "How to check the hosted file: with the hash that the host gives, if it gives one "
           "(auto), or by downloading the whole file (full).", choices=("auto", "full"), default="auto"),
    Option("staging", "path", "Folder for private copies of the files that a hook passes to the worker.",
           default="the state folder, or .rw-hooks beside the file"),
    Option("strip_metadata", "names", "Metadata keys to leave out of the published copy, or 'private' for all keys "
           "that name paths, people or training data."),
    Option("dry_run", "boolean", "Show what would be published, and publish nothing.", default="false"),
    Option("wait", "text", "Whether the training process waits at its end until the model is published.",
           choices=("auto", "yes", "no"), default="auto"),
    Option("timeout", "number", "Time limit for the whole publication, in seconds.", low=1, high=7 * 24 * 3600,
           default="2 hours, or 6 hours for a checkpoint"),
    Option("then", "text", "Command to run when the model is ready.", low=1),
    Option("on_failure", "text", "Command to run when a publication fails.", low=1),
    Option("worker_command", "text", "Command that starts the worker, if rw-hooks is installed in another environment.",
           low=1),
    Option("engine", "text", "Name of the engine that runs the publications.", low=1, default="local"),
    Option("concurrency", "integer", "How many publications run at the same time. At most 4 files are read, and 4 "
           "are uploaded, at once.",
           low=1, high=1000, default="40"),
)  # fmt: skip

OPTIONS: Mapping[str, Option] = {entry.name: entry for entry in _TABLE}


def option(name: str) -> Option:
    """Return the option of this name.

    Raises:
        TypeError: There is none; the message lists options with a similar name.
    """
    found = OPTIONS.get(name)
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, OPTIONS, n=3)
        raise TypeError(f"unknown option {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))
    return found


def check(given: Mapping[str, object]) -> dict[str, Value]:
    """Return the given options with their values coerced; options that are None are dropped.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value is malformed or out of bounds; the message names the option.
    """
    return {name: coerce(option(name), value) for name, value in given.items() if value is not None}


def coerce(entry: Option, value: object, source: str = "") -> Value:
    """Convert what a person wrote (a flag, a variable, TOML or Python) to the option's type, and check its bounds.

    Args:
        entry: The option.
        value: What the person wrote.
        source: Where it was written, for the message; by default the flag.

    Raises:
        ValueError: The value is malformed or out of bounds; the message names the option and the source.
    """
    try:
        result = _READERS[entry.kind](value)
        _require_bounds(entry, result)
    except ValueError as error:
        raise ValueError(f"{entry.name} ({source or entry.flag}): {error}") from None
    return result


def _text(value: object) -> str:
    text: object = os.fspath(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise ValueError(f"expected text, got {value!r}")
    return text.strip()


def _air(value: object) -> str:
    text = _text(value)
    AirRequest.parse(text)
    return text


def _words(value: object) -> tuple[str, ...]:
    items: object = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple, set, frozenset)):
        raise ValueError(f"expected words or a list of words, got {value!r}")
    words = map(_text, cast("Iterable[object]", items))
    return tuple(dict.fromkeys(filter(None, words)))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"expected a number, got {value!r}")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"expected a number, got {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, got {value!r}")
    return number


def _integer(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError(f"expected a whole number, got {value!r}")
    return int(number)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"expected yes or no, got {value!r}")


def _url(value: object) -> str:
    text = _text(value)
    if not re.match(r"https?://[^/\s]+", text):
        raise ValueError("expected an http:// or https:// URL")
    return text


def _which(value: object) -> str:
    text = _text(value)
    if not _WHICH.fullmatch(text):
        raise ValueError(f"expected final, every:N, last:K, best or all, got {text!r}")
    return text


_READERS: Mapping[str, Callable[[object], Value]] = {
    "text": _text,
    "air": _air,
    "words": _words,
    "names": _words,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "url": _url,
    "path": _text,
    "which": _which,
}


def _require_bounds(entry: Option, value: Value) -> None:
    if entry.choices and value not in entry.choices:
        raise ValueError(f"{value!r} is not one of {', '.join(entry.choices)}")
    if isinstance(value, tuple):
        _require_items(entry, value)
        return
    size, what = (len(value), "characters") if isinstance(value, str) else (value, "")
    if entry.low is not None and size < entry.low:
        raise ValueError(f"{size:g} {what}".strip() + f" is less than {entry.low:g}")
    if entry.high is not None and size > entry.high:
        raise ValueError(f"{size:g} {what}".strip() + f" is more than {entry.high:g}")


def _require_items(entry: Option, items: tuple[str, ...]) -> None:
    if entry.high is not None and len(items) > entry.high:
        raise ValueError(f"{len(items)} items are more than {entry.high:g}")
    longest = max(map(len, items), default=0)
    if entry.item_high is not None and longest > entry.item_high:
        raise ValueError(f"an item of {longest} characters is longer than {entry.item_high}")
