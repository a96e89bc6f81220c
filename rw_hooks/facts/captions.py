"""What all captions of a dataset have in common: a suggestion for the trigger words, never more than that."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["common_words"]

_CAPTIONS_MIN = 2
_WORDS_MAX = 20
_FILLERS = frozenset(
    {"a", "an", "the", "of", "in", "on", "at", "with", "and", "is", "this", "photo", "picture", "image", "portrait"}
)


def common_words(captions: Sequence[str]) -> tuple[str, ...]:
    """Return the tags that are in every caption, else the words with which every caption begins.

    A single caption shows nothing, because all of it would be common.
    """
    whole = [caption.strip() for caption in captions if caption.strip()]
    if len(whole) < _CAPTIONS_MIN:
        return ()
    return _common_tags(whole) or _common_beginning(whole)


def _common_tags(captions: Sequence[str]) -> tuple[str, ...]:
    tagged = [[tag.strip() for tag in caption.split(",")] for caption in captions]
    shared = {tag.lower() for tag in tagged[0] if tag}
    for tags in tagged[1:]:
        shared &= {tag.lower() for tag in tags}
    return tuple(dict.fromkeys(tag for tag in tagged[0] if tag.lower() in shared))[:_WORDS_MAX]


def _common_beginning(captions: Sequence[str]) -> tuple[str, ...]:
    beginning: list[str] = []
    for column in zip(*(re.findall(r"[^\s,.]+", caption) for caption in captions), strict=False):
        if len({word.lower() for word in column}) > 1:
            break
        beginning.append(column[0])
    while beginning and beginning[0].lower() in _FILLERS:
        beginning.pop(0)
    while beginning and beginning[-1].lower() in _FILLERS:
        beginning.pop()
    return (" ".join(beginning[:_WORDS_MAX]),) if beginning else ()
