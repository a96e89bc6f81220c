"""Whatever a file claims and a run says, the description is one that the client takes, or says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rw_hooks.artifact.model import Claims, Inspection
from rw_hooks.config.settings import Settings
from rw_hooks.describe import describe
from rw_hooks.facts import Fact, TrainingFacts
from rw_hooks.runware import build_upload

LONG = ("x" * 401, "y" * 1001, "z" * 40_001)
TEXT = st.text(max_size=4) | st.sampled_from(["x", " ", "None", "a, b", "/home/ada/x", *LONG])
WORDS = st.lists(TEXT, max_size=3).map(tuple) | st.just(tuple(f"tag{number}" for number in range(120)))
NUMBER = st.sampled_from([float("nan"), float("inf"), -9.0, -4.0, 0.0, 0.5, 30.0, 31.0, 1e9])


def fact(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Fact[Any] | None]:
    strength = st.sampled_from(["stated", "derived", "suggested"])
    return st.none() | st.builds(Fact[Any], value=values, source=st.just("run.toml: key"), strength=strength)


FACTS = st.builds(
    TrainingFacts,
    name=fact(TEXT), version=fact(TEXT), description=fact(TEXT), comment=fact(TEXT),
    trigger_words=fact(WORDS), negative_trigger_words=fact(WORDS), tags=fact(WORDS),
    weight=fact(NUMBER.map(float)), cfg=fact(NUMBER.map(float)), scheduler=fact(TEXT),
    steps=fact(st.sampled_from([-1, 0, 1, 100, 101])),
    type=fact(st.sampled_from(["base", "inpainting", "positive", "negative", "nonsense"])),
    category=fact(st.sampled_from(["lora", "checkpoint", "nonsense"])),
    family=fact(st.sampled_from(["sdxl", "flux1", "wan", "nonsense"])),
    architecture=fact(st.sampled_from(["sdxl", "pony", "flux1d", "nonsense"])),
    summary=st.dictionaries(st.sampled_from(["rank", "alpha", "steps", "x"]), TEXT),
)  # fmt: skip
CLAIMS = st.builds(
    Claims,
    title=st.none() | TEXT, description=st.none() | TEXT, comment=st.none() | TEXT, base_model=st.none() | TEXT,
    tags=WORDS, trigger_words=WORDS, steps=st.none() | st.integers(),
)  # fmt: skip


@settings(deadline=None)
@given(
    category=st.sampled_from(["lora", "lycoris", "checkpoint", "vae", "embeddings", None]),
    family=st.sampled_from(["sdxl", "flux1", "wan", None]),
    facts=FACTS,
    claims=CLAIMS,
)
def test_a_description_is_a_request_or_says_what_is_missing(
    category: str | None, family: str | None, facts: TrainingFacts, claims: Claims
) -> None:
    seen = Inspection(path="maya.safetensors", size=1, valid=True, sha256="ab" * 32, category=category, family=family,
                      architecture="sdxl" if family == "sdxl" else None, claims=claims)  # fmt: skip
    description = describe(seen, facts, Settings(given={}, home=Path()), air="org:1@1")
    assert set(description.sources) == set(description.fields)
    assert "" not in description.fields.values()
    if not description.missing:
        build_upload({name: value for name, value in description.fields.items() if name != "taskType"})
