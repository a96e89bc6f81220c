"""Whatever a file claims and a run says, the description is one that the client takes, or says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rw_hooks.artifact.model import Claims, Inspection
from rw_hooks.describe import describe
from rw_hooks.facts import Fact, TrainingFacts
from rw_hooks.runware import build_upload
from rw_hooks.settings import Settings

TEXT = st.text(max_size=60) | st.text(min_size=900, max_size=1200)
WORDS = st.lists(TEXT, max_size=120).map(tuple)
NUMBER = st.floats(allow_nan=True) | st.integers(-(10**6), 10**6)


def fact(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Fact[Any] | None]:
    strength = st.sampled_from(["stated", "derived", "suggested"])
    return st.none() | st.builds(Fact[Any], value=values, source=st.just("run.toml: key"), strength=strength)


FACTS = st.builds(
    TrainingFacts,
    name=fact(TEXT.filter(str.strip)), version=fact(TEXT.filter(str.strip)), description=fact(TEXT), comment=fact(TEXT),
    trigger_words=fact(WORDS), negative_trigger_words=fact(WORDS), tags=fact(WORDS),
    weight=fact(NUMBER.map(float)), cfg=fact(NUMBER.map(float)), steps=fact(st.integers()), scheduler=fact(TEXT),
    type=fact(st.sampled_from(["base", "inpainting", "positive", "negative", "nonsense"])),
    category=fact(st.sampled_from(["lora", "checkpoint", "nonsense"])),
    family=fact(st.sampled_from(["sdxl", "flux1", "wan", "nonsense"])),
    architecture=fact(st.sampled_from(["sdxl", "pony", "flux1d", "nonsense"])),
    summary=st.dictionaries(st.sampled_from(["rank", "alpha", "steps", "x"]), TEXT),
)  # fmt: skip
CLAIMS = st.builds(Claims, title=st.none() | TEXT, description=st.none() | TEXT, comment=st.none() | TEXT, tags=WORDS,
                   trigger_words=WORDS, steps=st.none() | st.integers(), base_model=st.none() | TEXT)  # fmt: skip


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
