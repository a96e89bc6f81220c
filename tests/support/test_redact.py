from __future__ import annotations

import pytest

from rw_hooks.support.redact import redact


@pytest.mark.parametrize(
    "secret",
    [
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "sk-proj-Qm3x_8vTz-K1w9aB4cD7eF0gH2iJ5kL",
        "sk_live_51HqLyjWDarjtT1zdp7dcGvYxk",
        "glpat-aB3-eF_h1JkLmN0pQrSt",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "xoxb-123456789012-1234567890123-AbCdEfGhIjKl",
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


@pytest.mark.parametrize("words", [
    "a basic watercolour of a fox", "Basic training comment", "ring bearer portraits", "hf_portraits",
    "sk_cyberpunk_style_v2", "rk-watercolor-landscapes", "sk_watercolorlandscapes2", "xoxo-hugs-and-kisses-style",
    "a basic illustration01 of sks",
])  # fmt: skip
def test_words_of_a_prompt_are_no_secrets(words: str) -> None:
    assert redact(words) == words


def test_a_signed_url_keeps_its_place_and_loses_its_signature() -> None:
    assert redact("see https://user:pw@cdn.example/a.bin?sig=x#y now") == "see https://cdn.example/a.bin now"


@pytest.mark.parametrize("url", [
    "https://cdn.example/lora(1).safetensors?sig=canary", "https://[2001:db8::1]:8080/x.safetensors?sig=canary",
    "https://cdn.example/it's.safetensors?sig=canary", "https://cdn.example/x?a={b}&sig=canary",
    "https://user:pa)canary@cdn.example/x", "wss://cdn.example/a]b#canary",
])  # fmt: skip
def test_a_url_is_read_to_its_end_whatever_stands_in_it(url: str) -> None:
    shown = redact(f'GET {url} "HTTP/1.1 200 OK"')
    assert "canary" not in shown
    assert shown.endswith('"HTTP/1.1 200 OK"')


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [
    "sk-", "sk-a1", "xoxb-", "glpat-", "a1", "bearer a", "a-", "a_", "a ", "basic ", "/a", "http://", "authorization: ",
    "api_key",
])  # fmt: skip
def test_a_long_text_of_any_shape_is_read_in_a_moment(piece: str) -> None:
    assert redact(piece * 200_000)


def test_a_long_name_of_a_secret_is_known() -> None:
    assert redact("MY_OWN_TRAINING_CLUSTER_HUB_API_KEY=abcdefghijkl") == "MY_OWN_TRAINING_CLUSTER_HUB_[removed]"
