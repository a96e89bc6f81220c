"""The one table of options: what each takes, and what it refuses by its own name."""

from __future__ import annotations

from pathlib import Path

import pytest

from rw_hooks.config.options import OPTIONS, check, option

BEYOND = [
    ("name", ""), ("type", "pruned"), ("category", "textual_inversion"), ("conditioning", "scribble"),
    ("air", "nothing"), ("air", "a:b@"), ("air", "a b:1@1"), ("tags", [f"tag{n}" for n in range(101)]),
    ("tags", ["x" * 401]), ("description", "x"), ("description", "x" * 40_001), ("comment", "x"),
    ("comment", "x" * 1_001), ("weight", -4.01), ("weight", 4.01), ("weight", float("nan")), ("steps", 0),
    ("steps", 101), ("steps", 1.5), ("steps", True), ("cfg", -0.1), ("cfg", 30.1), ("strength", -0.1),
    ("strength", 1.1), ("private", "perhaps"), ("webhook_url", "example.com/hook"), ("delivery_method", "later"),
    ("which", "every:0"), ("which", "first"), ("transport", "carrier pigeon"), ("verify", "no"), ("timeout", 0),
    ("wait", "maybe"), ("trigger_words", 3), ("name", 3), ("weight", 10**400), ("steps", 10**400),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BEYOND)
def test_each_bound_is_held_and_names_the_option(name, value):
    with pytest.raises(ValueError, match=rf"{name} \({option(name).flag}\): "):
        check({name: value})


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("trigger_words", "sks dog, person", ("sks dog", "person")),
        ("trigger_words", ["sks dog", "sks dog", " "], ("sks dog",)),
        ("tags", {"one"}, ("one",)),
        ("steps", "20", 20),
        ("weight", "-4", -4.0),
        ("private", "No", False),
        ("private", True, True),
        ("config", Path("a") / "b.toml", str(Path("a") / "b.toml")),
        ("air", " my:model-1@v2 ", "my:model-1@v2"),
        ("which", "last:3", "last:3"),
    ],
)
def test_what_people_write_becomes_the_options_own_type(name, given, taken):
    assert check({name: given}) == {name: taken}


def test_what_is_not_given_is_left_out():
    assert check({"name": None, "steps": 3}) == {"steps": 3}


def test_an_unknown_option_is_a_type_error_with_the_nearest_names():
    with pytest.raises(TypeError, match="trigger_words"):
        check({"trigger_word": "sks"})


def test_every_option_has_one_name_everywhere():
    for name, entry in OPTIONS.items():
        assert entry.flag == "--" + name.replace("_", "-")
        assert entry.variable == "RW_HOOKS_" + name.upper()
        assert entry.help.endswith(".")
