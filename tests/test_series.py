"""Which names are saves of one training."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rw_hooks.series import counter_title, find_series, has_time

ONE_SERIES = {
    "mychara": ["mychara-08", "mychara-09", "mychara-10"],
    "hero": ["hero-8", "hero-9", "hero-10"],
    "style": ["style1", "style2", "style3"],
    "tokyo": ["tokyo08", "tokyo10"],
    "": ["step_00500", "step_01000"],
    "x": ["x-000002", "x-000004", "x"],
    "lora": ["lora_epoch3", "lora_epoch10"],
    "sdxl_face": ["sdxl_face-500steps", "sdxl_face-1000steps"],
    "ink_high_noise": ["ink_000000250_high_noise", "ink_000000500_high_noise", "ink_high_noise"],
    "toy": ["toy-step00000500", "toy-000002", "toy"],
    "red": ["red-2024", "red-2025"],
    "my_style_v2": ["my_style_v2-000001", "my_style_v2-000002", "my_style_v2"],
    "flux1_cat": ["flux1_cat_01", "flux1_cat_02"],
    "My Style": ["My Style 1", "My Style 2"],
    "maya": ["maya", "maya-1", "maya-2"],
    "wolf": ["wolf-ep1", "wolf-ep2"],
    "fox": ["fox_e8", "fox_e10", "fox"],
    "owl": ["owl_step100_loss0.123", "owl_step200-val_loss=0.101", "owl"],
    "bee": ["bee-2026-11-22_07-05-45-save-4-1-0", "bee-2026-11-22_07-06-10-save-8-2-0", "bee"],
}
SEVERAL = [
    ["red", "blue"],
    ["my_style_v1", "my_style_v2"],
    ["style-v1.0", "style-v1.1"],
    ["style-0.5", "style-0.8"],
    ["cat_rank16", "cat_rank32"],
    ["wan-5b", "wan-14b"],
    ["lora_flux1", "lora_flux2"],
    ["maya", "maya-2"],
    ["alice-000002", "bob-000002"],
    ["model-00001-of-00002", "model-00002-of-00002"],
    ["one/cat", "two/cat"],
]


@pytest.mark.parametrize("title", ONE_SERIES)
def test_names_that_differ_in_one_counter_are_a_series(title):
    places = find_series(ONE_SERIES[title])
    assert {(place.series, place.title) for place in places} == {(f"/{title}", title)}
    counted = [place.counter for place, name in zip(places, ONE_SERIES[title], strict=True) if name != title]
    assert None not in counted


@pytest.mark.parametrize("word", ["final", "last", "best"])
@pytest.mark.parametrize("title", ["style", "style_v2", ""])
def test_a_name_that_says_it_is_the_result_belongs_to_its_saves(title, word):
    between = "-" if title else ""
    names = [f"run/{title}{between}{end}" for end in ("000100", "000200", word)]
    assert [(place.series, place.title) for place in find_series(names)] == [(f"run/{title}", title)] * 3


@pytest.mark.parametrize("names", [["red-final", "blue-final"], ["red-final", "red"], ["red-final", "blue-000002"]])
def test_it_belongs_to_no_others(names):
    assert next(place.title for place in find_series(names)) == "red-final"


def test_the_saves_of_a_result_that_is_called_final_are_its_own():
    names = ["red-final-000002", "red-final-000004", "red-final"]
    assert {place.title for place in find_series(names)} == {"red-final"}


@pytest.mark.parametrize("names", SEVERAL)
def test_other_names_are_not(names):
    places = find_series(names)
    assert len({place.series for place in places}) == len(names)


@pytest.mark.parametrize(
    ("names", "series"),
    [
        (["hero1-000002", "hero2-000002", "hero3-000002"], ["/hero1", "/hero2", "/hero3"]),
        (["hero1-08", "hero1-10", "hero2-08", "hero2-10"], ["/hero1"] * 2 + ["/hero2"] * 2),
        (["agent007-8", "agent007-9"], ["/agent007"] * 2),
        (["red_10_768", "red_20_768"], ["/red_768"] * 2),
        (["a/x-1", "b/x-2"], ["a/x-1", "b/x-2"]),
    ],
)
def test_of_several_numbers_the_last_that_differs_is_the_counter(names, series):
    assert [place.series for place in find_series(names)] == series


@pytest.mark.parametrize(
    ("names", "counters"),
    [
        (["x-9", "x-10", "x-8"], [(9,), (10,), (8,)]),
        (["epoch=2-step=500", "epoch=3-step=750"], [(2, 500), (3, 750)]),
        (["run/checkpoint-500/w", "run/checkpoint-1000/w", "run/w"], [(500,), (1000,), None]),
        (["a2026-11-22_07-05-45-save-4-1-0", "a2026-11-22_07-06-10-save-8-2-0"], [(4, 1, 0), (8, 2, 0)]),
    ],
)
def test_the_counter_is_read_as_a_number(names, counters):
    places = find_series(names)
    assert [place.counter for place in places] == counters
    assert len({place.series for place in places}) == 1


@pytest.mark.parametrize(
    ("name", "counted", "maybe"),
    [
        ("mychara-08", True, False),
        ("step_00500", True, False),
        ("lora_epoch3", True, False),
        ("x-12000", True, False),
        ("x-8", False, True),
        ("x-2000", False, True),
        ("x8", False, False),
        ("x_e8", False, True),
        ("x_1e4", False, False),
        ("my_style_v2", False, False),
        ("my_style_V2.1", False, False),
        ("my_style_version-2", False, False),
        ("retro-1995", False, False),
        ("red_20261120", False, False),
        ("2026-11-22_07-05-45", False, False),
        ("cat_1024px", False, False),
        ("plain", False, False),
    ],
)
def test_what_a_name_says_alone(name, counted, maybe):
    [place] = find_series([name])
    assert (place.counter is not None, place.maybe) == (counted, maybe)


def test_a_name_without_its_counter():
    assert [counter_title(name) for name in ("mychara-08", "x-8", "cat_epoch3", "maya2", "cat_v2")] == [
        "mychara", "x", "cat", None, None,
    ]  # fmt: skip


def test_a_time_in_a_name_is_seen():
    names = ("sks2026-11-22_07-05-45-save-4-1-0", "20261122-070545", "red_20261120", "cat-000002")
    assert [has_time(name) for name in names] == [True, True, False, False]


@given(st.lists(st.text(alphabet="ab-_/.v0123\0", max_size=12)))
def test_any_names_have_their_places(names):
    assert len(find_series(names)) == len(names)
    assert find_series(names[::-1]) == find_series(names)[::-1]
