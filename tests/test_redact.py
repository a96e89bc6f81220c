from __future__ import annotations

import pytest

from rw_hooks.redact import redact


@pytest.mark.parametrize(
    "secret",
    [
        "hf_abcdefghijklmnop",
        "Authorization: Bearer abcdefghijkl",
        "'authorization': 'Basic dXNlcjpwYXNz'",
        "bearer eyJhbGciOiJIUzI1NiJ9",
        "Basic dXNlcjpwYXNzd29yZA==",
        "AKIAABCDEFGHIJKLMNOP",
        "hub_token=abcdefghijkl",
        "wandb_api_key: 0123456789",
    ],
)
def test_what_is_shaped_like_a_secret_is_removed(secret: str) -> None:
    shown = redact(f"before {secret} after")
    assert shown.startswith("before ")
    assert "[removed]" in shown
    assert secret.rsplit(maxsplit=1)[-1].strip("'") not in shown


@pytest.mark.parametrize("words", ["a basic watercolour of a fox", "Basic training comment", "ring bearer portraits"])
def test_words_of_a_prompt_are_no_secrets(words: str) -> None:
    assert redact(words) == words


def test_a_signed_url_keeps_its_place_and_loses_its_signature() -> None:
    assert redact("see https://user:pw@cdn.example/a.bin?sig=x#y now") == "see https://cdn.example/a.bin now"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["a-", "a_", "a ", "basic ", "/a", "http://", "authorization: ", "api_key"])
def test_a_long_text_of_any_shape_is_read_in_a_moment(piece: str) -> None:
    assert redact(piece * 200_000)


def test_a_long_name_of_a_secret_is_known() -> None:
    assert redact("MY_OWN_TRAINING_CLUSTER_HUB_API_KEY=abcdefghijkl") == "MY_OWN_TRAINING_CLUSTER_HUB_[removed]"
