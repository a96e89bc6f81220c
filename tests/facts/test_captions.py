from __future__ import annotations

import pytest

from rw_hooks.facts import common_words


@pytest.mark.parametrize(
    ("captions", "words"),
    [
        (["sks toy, ball, red", "Sks Toy, grass, ball"], ("sks toy", "ball")),
        (["zkchr7 person in a garden.", "zkchr7 person at sea"], ("zkchr7 person",)),
        (["a photo of zkchr7 in a garden", "a photo of zkchr7 in the sea"], ("zkchr7",)),
        (["a photo of a fox", "a photo of a dog"], ()),
        (["a fox", "two dogs"], ()),
        (["sks toy, ball"], ()),
        (["sks toy", "", "  "], ()),
        ([], ()),
    ],
)
def test_only_what_every_caption_has_is_a_hint(captions: list[str], words: tuple[str, ...]) -> None:
    assert common_words(captions) == words
