from __future__ import annotations

import math

import pytest

from rw_hooks.facts import Fact, Layer, Layers, TrainingFacts, runware_scheduler
from rw_hooks.facts.values import base_name, dig, flag, model_name, number, text, whole, without_paths, words


@pytest.mark.parametrize("value", [None, "None", "", "  ", "null", "NULL", True, [], {}])
def test_what_trainers_write_for_nothing_is_nothing(value: object) -> None:
    assert text(value) is None


@pytest.mark.parametrize(("value", "expected"), [(" a ", "a"), (3, "3"), (0.5, "0.5"), ("0", "0")])
def test_texts_are_read(value: object, expected: str) -> None:
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("1e-4", 1e-4), (2, 2.0), ("abc", None), ("nan", None), (math.inf, None), ("None", None)]
)
def test_numbers_are_read_out_of_texts(value: object, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("16.0", 16), ("16.5", None), (1000, 1000), ("x", None)])
def test_whole_numbers_are_whole(value: object, expected: int | None) -> None:
    assert whole(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in (True, "True", "1", 1, "yes")),
        *((value, False) for value in (False, "False", None, "no", [1], 2)),
    ],
)
def test_switches_are_read(value: object, expected: bool) -> None:
    assert flag(value) is expected


def test_words_are_cut_at_commas_once_each() -> None:
    assert words("a, b,,a , None") == ("a", "b")
    assert words(["a b", "c,d", None]) == ("a b", "c,d")
    assert words(7) == ()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b/c.safetensors", "c.safetensors"), ("C:\\models\\flux\\", "flux"), ("plain", "plain"), ("./x/", "x")],
)
def test_paths_of_any_system_are_cut_to_their_last_part(path: str, name: str) -> None:
    assert base_name(path) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-dev"),
        ("/home/ada/models/pony.safetensors", "pony.safetensors"),
        ("D:\\models\\pony.safetensors", "pony.safetensors"),
        ("None", None),
    ],
)
def test_a_base_model_is_a_repository_or_a_file_name(value: str, name: str | None) -> None:
    assert model_name(value) == name


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("made in /home/ada/runs/x, twice", "made in x, twice"),
        ("see C:\\Users\\ada\\run.toml", "see run.toml"),
        ("see ~/runs/a", "see a"),
        ("cats and/or dogs, 1/2, https://example.org/a/b", "cats and/or dogs, 1/2, https://example.org/a/b"),
    ],
)
def test_local_paths_in_a_text_lose_their_folders(content: str, left: str) -> None:
    assert without_paths(content) == left


def test_nested_values_are_found_or_none() -> None:
    values = {"config": {"process": [{"a": 1}]}}
    assert dig(values, "config", "process", 0, "a") == 1
    assert dig(values, "config", "process", 3, "a") is None
    assert dig(values, "config", "a", "b") is None
    assert dig("text", 0) is None


def test_the_strongest_layer_that_says_something_wins() -> None:
    layers = Layers([Layer({"rank": "None", "name": "a"}, "cli: --"), Layer({"rank": 16, "name": "b"}, "x.toml: ")])
    assert layers.fact("name") == Fact(value="a", source="cli: --name")
    assert layers.whole("rank") == Fact(value=16, source="x.toml: rank")
    assert layers.fact("missing", "rank") == Fact(value="16", source="x.toml: rank")
    assert layers.source("missing") == ""
    assert layers.summary(rank="rank", learning_rate="lr") == {"rank": "16"}


def test_stronger_facts_stand_over_weaker_ones() -> None:
    strong = TrainingFacts(name=Fact(value="a", source="1"), summary={"rank": "4"})
    weak = TrainingFacts(
        name=Fact(value="b", source="2"), version=Fact(value="v", source="2"), summary={"rank": "8", "steps": "1"}
    )
    joined = strong.over(weak)
    assert joined.name == strong.name
    assert joined.version == weak.version
    assert joined.summary == {"rank": "4", "steps": "1"}


@pytest.mark.parametrize(
    ("name", "runware"),
    [
        ("euler_a", "Euler a"),
        ("k_euler_a", "Euler a"),
        ("EULER_KARRAS", "Euler Karras"),
        ("dpmsolver++", "DPM++ 2M"),
        ("FlowMatchEulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler"),
        ("flowmatch", "FlowMatchEulerDiscreteScheduler"),
        ("a sampler of my own", None),
    ],
)
def test_samplers_get_runwares_name_or_none(name: str, runware: str | None) -> None:
    assert runware_scheduler(name) == runware
