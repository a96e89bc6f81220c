"""The request of each category, to the letter, and every rule of the founding page broken once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rw_hooks.air import Air
from rw_hooks.architectures import ARCHITECTURES, architecture_warning
from rw_hooks.config.options import CATEGORIES, OPTIONS
from rw_hooks.errors import UsageError
from rw_hooks.runware import build_upload

TASK = "b92ea202-349f-4560-adae-abb55a8146ee"
URL = "https://huggingface.co/me/maya/resolve/0123/maya.safetensors"
COMMON = {
    "architecture": "sdxl",
    "air": "myorg:4217@08629",
    "uniqueIdentifier": "ab" * 32,
    "name": "Maya",
    "version": "step-1000",
}
SHARED = {
    "private": False,
    "heroImageURL": "https://host.example/hero.png",
    "tags": ("person", "photo"),
    "shortDescription": "A person",
    "comment": "rank 16",
    "webhookURL": "https://hook.example/?token=t",
    "deliveryMethod": "async",
}
TRIGGERS = {"positiveTriggerWords": ("zkchr7 person", "maya"), "negativeTriggerWords": "blurry,  bad hands "}
OWN = {
    "checkpoint": {"type": "inpainting", "defaultScheduler": "Euler", "defaultSteps": 30, "defaultCFG": 6.5,
                   "defaultStrength": 0.75, **TRIGGERS},
    "lora": {"defaultWeight": 0.8, **TRIGGERS},
    "lycoris": {"defaultWeight": -1, **TRIGGERS},
    "controlnet": {"conditioning": "canny"},
    "vae": {},
    "embeddings": {"type": "negative", **TRIGGERS},
}  # fmt: skip
NEEDED = {"checkpoint": {"type": "base"}, "embeddings": {"type": "positive"}}
WORDS = {"positiveTriggerWords": "zkchr7 person, maya", "negativeTriggerWords": "blurry, bad hands"}


def least(category):
    return {"category": category, **COMMON, **NEEDED.get(category, {})}


def sent_as(fields):
    return {
        "taskType": "modelUpload",
        "taskUUID": TASK,
        "format": "safetensors",
        "downloadURL": URL,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()},
        **{name: value for name, value in WORDS.items() if name in fields},
    }


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_whole_request_of_a_category(category):
    fields = {"category": category, **COMMON, **SHARED, **OWN[category]}
    assert build_upload(fields).wire(TASK, URL) == sent_as(fields)


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_least_request_of_a_category_omits_what_is_unset_and_says_private(category):
    assert build_upload(least(category)).wire(TASK, URL) == sent_as({**least(category), "private": True})


@pytest.mark.parametrize("name", ["category", *COMMON])
def test_what_every_category_needs(name):
    with pytest.raises(UsageError, match=OPTIONS[name].flag if name in OPTIONS else name):
        build_upload({key: value for key, value in least("lora").items() if key != name})


@pytest.mark.parametrize("category", NEEDED)
def test_type_is_needed_where_it_applies(category):
    with pytest.raises(UsageError, match="--type"):
        build_upload({"category": category, **COMMON})


def valid(entry):
    """Return a value that the option takes."""
    if entry.choices:
        return entry.choices[0]
    return {"integer": 2, "number": 0.5, "words": ("word",), "url": "https://h.example/", "text": "some text"}[
        entry.kind
    ]


def out_of_bounds():
    for entry in OPTIONS.values():
        category = (entry.categories or ("lora",))[0]
        numeric = entry.kind in {"integer", "number"}
        if not entry.wire or entry.name in {"air", "category"}:
            continue
        if entry.choices:
            yield entry, category, "not-a-choice"
        elif numeric:
            yield entry, category, entry.low - 1
            yield entry, category, entry.high + 1
            yield entry, category, True
        elif entry.kind == "text" and entry.low:
            yield entry, category, "x" * (int(entry.low) - 1)
            if entry.high:
                yield entry, category, "x" * (int(entry.high) + 1)
        if entry.kind == "number":
            yield entry, category, float("nan")
        if entry.kind == "url":
            yield entry, category, "ftp://h.example/"
    tags = OPTIONS["tags"]
    yield tags, "vae", tuple(str(number) for number in range(101))
    yield tags, "vae", ("x" * 401,)
    yield tags, "vae", ("twice", "twice")
    yield OPTIONS["trigger_words"], "lora", 7
    yield OPTIONS["air"], "lora", "myorg:1"
    yield OPTIONS["air"], "lora", "not an air"
    yield OPTIONS["category"], "lora", "hypernetwork"
    yield OPTIONS["hero_image"], "lora", "hero.png"
    yield OPTIONS["type"], "checkpoint", "positive"
    yield OPTIONS["type"], "embeddings", "base"


@pytest.mark.parametrize(
    ("entry", "category", "value"),
    [pytest.param(*case, id=f"{case[0].name}-{str(case[2])[:12]}") for case in out_of_bounds()],
)
def test_a_value_out_of_bounds_is_refused_by_the_options_name(entry, category, value):
    with pytest.raises(UsageError, match=entry.flag) as caught:
        build_upload({**least(category), entry.wire: value})
    assert entry.name in caught.value.message
    assert caught.value.code == "bad_request"


@pytest.mark.parametrize(
    ("wire", "low", "high"),
    [
        ("defaultSteps", 1, 100),
        ("defaultCFG", 0, 30),
        ("defaultStrength", 0, 1),
        ("defaultWeight", -4, 4),
        ("shortDescription", "ab", "x" * 40_000),
        ("comment", "ab", "x" * 1_000),
        ("tags", (), tuple(f"{number:0400}" for number in range(100))),
    ],
)
def test_the_bounds_themselves_are_allowed(wire, low, high):
    category = "lora" if wire == "defaultWeight" else "checkpoint"
    for value in (low, high):
        sent = build_upload({**least(category), wire: value}).wire(TASK, URL)[wire]
        assert sent == (list(value) if isinstance(value, tuple) else value)


NOT_APPLYING = [
    (entry, category)
    for entry in OPTIONS.values()
    for category in CATEGORIES
    if entry.wire and entry.categories and category not in entry.categories
]


@pytest.mark.parametrize(("entry", "category"), [pytest.param(*c, id=f"{c[0].name}-{c[1]}") for c in NOT_APPLYING])
def test_a_field_that_does_not_apply_is_refused_with_the_categories_it_is_for(entry, category):
    with pytest.raises(UsageError, match=f"{entry.flag}.*does not apply to category {category}.*{entry.categories[0]}"):
        build_upload({**least(category), entry.wire: valid(entry)})


@pytest.mark.parametrize("wire", ["downloadUrl", "heroImageUrl", "defaultGuidanceScale", "retry", "visibility"])
def test_old_and_foreign_spellings_are_never_sent(wire):
    with pytest.raises(UsageError, match=wire):
        build_upload({**least("checkpoint"), wire: "x"})


@pytest.mark.parametrize("kind", ["base", "inpainting", "refiner"])
def test_checkpoint_types(kind):
    assert build_upload({**least("checkpoint"), "type": kind}).wire(TASK, URL)["type"] == kind


@pytest.mark.parametrize("conditioning", OPTIONS["conditioning"].choices)
def test_every_conditioning_of_the_page_is_taken(conditioning):
    assert (
        build_upload({**least("controlnet"), "conditioning": conditioning}).wire(TASK, URL)["conditioning"]
        == conditioning
    )


@pytest.mark.parametrize(
    ("given", "sent"),
    [("a", "a"), ("a,b ,  c d", "a, b, c d"), (["a", " b "], "a, b"), (("a, b", "c"), "a, b, c"), (["a", ""], "a")],
)
def test_trigger_words_are_one_string(given, sent):
    assert (
        build_upload({**least("lora"), "positiveTriggerWords": given}).wire(TASK, URL)["positiveTriggerWords"] == sent
    )


def test_a_lenient_air_is_kept_to_the_letter():
    upload = build_upload({**least("lora"), "air": "Alibaba:qwen-image@2512"})
    assert upload.air == Air("Alibaba", "qwen-image", "2512")
    assert upload.wire(TASK, URL)["air"] == "Alibaba:qwen-image@2512"


def test_null_counts_as_unset():
    assert "comment" not in build_upload({**least("lora"), "comment": None}).wire(TASK, URL)


def test_a_request_is_frozen():
    with pytest.raises(ValidationError):
        build_upload(least("lora")).name = "other"


def test_the_digest_is_of_the_request_and_not_of_one_sending():
    upload = build_upload(least("lora"))
    assert upload.digest() == build_upload(least("lora")).digest()
    assert upload.digest() != build_upload({**least("lora"), "name": "other"}).digest()


def test_secrets_in_urls_are_not_in_the_repr():
    upload = build_upload({**least("lora"), **SHARED, "heroImageURL": "https://h.example/?sig=hero-secret"})
    assert "token=t" not in repr(upload)
    assert "hero-secret" not in repr(upload)


def test_known_architectures_give_no_warning_and_unknown_ones_the_nearest():
    assert all(architecture_warning(name) is None for name in ARCHITECTURES)
    assert "did you mean sdxl" in (architecture_warning("SDXXL") or "")
    assert architecture_warning("z_image_turbo") is not None
    assert build_upload({**least("lora"), "architecture": "z_image_turbo"}).architecture == "z_image_turbo"
