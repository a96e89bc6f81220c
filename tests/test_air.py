"""AIR: what we make is strict, what we take is lenient, and what was given is kept to the letter."""

from __future__ import annotations

import pytest

from rw_hooks.air import Air, AirRequest, generated_id


@pytest.mark.parametrize(
    ("text", "strict"),
    [("my:4217@1", True), ("qatests:68487@08629", True), ("alibaba:qwen-image@2512", False), ("My:1@turbo", False)],
)
def test_an_air_is_kept_to_the_letter(text, strict):
    air = Air.parse(text)
    assert str(air) == text
    assert air.strict is strict


@pytest.mark.parametrize("text", ["", "my", "my:", ":1@1", "my:1@", "my:1@1@1", "my:1 @1", "my:ä@1", "my:1/2@1"])
def test_what_is_no_air_is_refused(text):
    with pytest.raises(ValueError, match="is not an AIR"):
        AirRequest.parse(text)


def test_an_id_alone_is_a_request_for_a_version():
    request = AirRequest.parse("my:7")
    assert request.version is None
    assert str(request.at("3")) == "my:7@3"
    with pytest.raises(ValueError, match="version is missing"):
        Air.parse("my:7")


def test_the_same_file_always_gets_the_same_strict_id():
    assert generated_id("ff" * 32) == str(2**40 - 1)
    assert Air("my", generated_id("00" * 32), "1").strict
