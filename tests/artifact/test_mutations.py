"""Ten thousand damaged headers: never a crash, and never a file let through that the official library refuses."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import safetensors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from rw_hooks.artifact.read.header import HeaderError, header_length, parse_header
from tests.artifact.making import header_bytes


def safe(raw: bytes) -> bool:
    """Whether the official library accepts it."""
    try:
        deserialize(raw)
    except SafetensorError:
        return False
    return True


pytestmark = pytest.mark.skipif(
    tuple(map(int, safetensors.__version__.split(".")[:2])) < (0, 8),
    reason="the rules are those of safetensors 0.8; older ones know fewer dtypes and refuse leading white space",
)
SEEDS = tuple(
    path.read_bytes()
    for path in sorted((Path(__file__).parents[1] / "data" / "malformed").glob("*.safetensors"))
    if path.stat().st_size < 4096
)
SOUND = tuple(seed for seed in SEEDS if safe(seed))
WORDS = (
    b'"dtype"', b'"shape"', b'"data_offsets"', b'"F32"', b'"BF16"', b'"F4"', b'"U8"', b'"__metadata__"', b"null",
    b"true",
    b"-0", b"-1", b"1e5", b"1.0", b"18446744073709551615", b"18446744073709551616", b"[]", b"{}", b"[0,0]", b",", b":",
    b"{", b"}", b'"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},', b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b" ",
    b"NaN", b"1e999", b'"x":', b'"x":[[[[]]]],', b"\x00", b"\xff", b"\n", b"0" * 30, b"9" * 400,
)  # fmt: skip
BATCH = 500
EXAMPLES = 60  # times BATCH mutations
ENDS = re.compile(rb"\[\s*\d{1,9}\s*,\s*(\d{1,6})\s*\]")


def accepted_by_us(raw: bytes) -> bool:
    try:
        length = header_length(raw[:8], len(raw))
        parse_header(raw[8 : 8 + length], len(raw) - 8 - length)
    except HeaderError:
        return False
    return True


def mutate(source: random.Random) -> bytes:
    raw = bytearray(source.choice(SOUND if source.random() < 0.8 else SEEDS))
    for _ in range(source.choice((1, 1, 1, 2, 4))):
        place = source.randrange(len(raw) + 1)
        kind = source.randrange(5)
        if kind == 0 and raw:
            raw[place % len(raw)] ^= 1 << source.randrange(8)
        elif kind == 1:
            raw[place:place] = source.choice(WORDS)
        elif kind == 2:
            del raw[place : place + source.randint(1, 8)]
        elif kind == 3:
            raw[place : place + source.randint(1, 12)] = source.choice(WORDS)
        else:
            other = source.choice(SEEDS)
            cut = source.randrange(len(other) + 1)
            raw[place:place] = other[cut : cut + source.randint(1, 40)]
    return honest(raw) if source.random() < 0.8 else bytes(raw)


def honest(raw: bytearray) -> bytes:
    """Correct both lengths, of the header and of the data, so that a file is judged by what lies between."""
    header = raw[8 : raw.rfind(b"}") + 1]
    ends = [int(end) for end in ENDS.findall(header)]
    return len(header).to_bytes(8, "little") + bytes(header) + bytes(max(ends, default=0))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.integers(0, 2**64 - 1))
def test_no_mutation_is_judged_more_kindly_than_by_the_official_library(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(BATCH):
        raw = mutate(source)
        if accepted_by_us(raw):
            assert safe(raw), raw


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_for_a_header_are_judged(raw: bytes) -> None:
    whole = header_bytes(raw)
    if accepted_by_us(whole):
        assert safe(whole)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_every_seed_cut_anywhere_is_judged(seed: bytes) -> None:
    for end in range(0, len(seed), max(1, len(seed) // 40)):
        if accepted_by_us(seed[:end]):
            assert safe(seed[:end])


def test_the_mutations_reach_both_verdicts() -> None:
    source = random.Random(0)
    verdicts = [accepted_by_us(mutate(source)) for _ in range(2000)]
    assert 200 < sum(verdicts) < 1800
