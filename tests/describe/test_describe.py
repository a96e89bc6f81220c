from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rw_hooks.artifact.model import Claims, Inspection
from rw_hooks.config.settings import load
from rw_hooks.describe import NOT_RESOLVED, Description, describe
from rw_hooks.errors import MissingError, UsageError
from rw_hooks.facts import Fact, TrainingFacts

SHA256 = "ab" * 32
SDXL = ("sdxl", "pony", "illustrious")


def inspection(**changes: Any) -> Inspection:
    known: dict[str, Any] = {
        "path": "runs/maya.safetensors",
        "size": 10,
        "valid": True,
        "sha256": SHA256,
        "category": "lora",
        "family": "sdxl",
        "architecture": "sdxl",
        "candidates": SDXL,
        "algorithm": "lora",
        "format": "kohya",
    }
    return Inspection(**{**known, **changes})


def facts(**values: Any) -> TrainingFacts:
    return TrainingFacts(**{name: Fact(value=value, source=f"config: {name}") for name, value in values.items()})


def described(
    seen: Inspection | None = None,
    told: TrainingFacts | None = None,
    *,
    air: str | None = None,
    environ: dict[str, str] | None = None,
    **given: Any,
) -> Description:
    settings = load(given, environ=environ or {}, directory=Path(__file__).parent, as_flags=True)
    return describe(seen or inspection(), told or TrainingFacts(), settings, air=air, air_source="test")


def codes(description: Description) -> list[str]:
    return [finding.code for finding in description.findings]


def flags(description: Description) -> list[str]:
    return [missing.flag for missing in description.missing]


def test_the_least_description_is_whole_and_every_key_has_a_source() -> None:
    description = described(air="org:1@3")
    assert description.fields == {
        "taskType": "modelUpload",
        "air": "org:1@3",
        "category": "lora",
        "architecture": "sdxl",
        "format": "safetensors",
        "uniqueIdentifier": SHA256,
        "name": "maya",
        "version": "v3",
        "private": True,
    }
    assert description.sources == {
        "taskType": "constant",
        "air": "test",
        "category": "structure",
        "architecture": "structure",
        "format": "constant",
        "uniqueIdentifier": "sha256 of the file",
        "name": "file name",
        "version": "the AIR's version",
        "private": "platform default",
    }


def test_an_air_that_is_not_resolved_is_said_to_be_so() -> None:
    for environ in ({}, {"RW_HOOKS_AIR": "org:1"}):
        description = described(environ=environ)
        assert "air" not in description.fields
        assert description.sources["air"] == NOT_RESOLVED
        assert description.fields["version"] == "v1"


def test_a_whole_air_that_was_given_needs_no_resolving() -> None:
    description = described(environ={"RW_HOOKS_AIR": "org:1@08"})
    assert (description.fields["air"], description.sources["air"]) == ("org:1@08", "RW_HOOKS_AIR")
    assert description.fields["version"] == "v08"


def test_what_was_given_beats_the_config_which_beats_the_claims_which_beat_the_file_name() -> None:
    claimed = inspection(claims=Claims(title="claimed", sources={"title": "modelspec.title"}))
    told = facts(name="configured")
    assert described(claimed, told, name="given").fields["name"] == "given"
    assert described(claimed, told, name="given").sources["name"] == "--name"
    assert described(claimed, told, environ={"RW_HOOKS_NAME": "env"}).sources["name"] == "RW_HOOKS_NAME"
    assert described(claimed, told).fields["name"] == "configured"
    assert described(claimed).fields["name"] == "claimed"
    assert described(claimed).sources["name"] == "modelspec.title"
    assert described().fields["name"] == "maya"


def test_what_is_only_derived_from_something_near_yields_to_the_claim() -> None:
    claimed = inspection(claims=Claims(title="claimed", steps=500, sources={}))
    told = TrainingFacts(
        name=Fact(value="folder", source="output_dir", strength="derived"),
        version=Fact(value="epoch-4", source="file name", strength="derived"),
    )
    description = described(claimed, told)
    assert (description.fields["name"], description.fields["version"]) == ("claimed", "step-500")
    assert described(None, told).fields["version"] == "epoch-4"


@pytest.mark.parametrize(
    ("path", "name", "source"),
    [
        ("runs/maya-flux/pytorch_lora_weights.safetensors", "maya-flux", "folder name"),
        ("runs/maya/checkpoint-500/pytorch_lora_weights.safetensors", "maya", "folder name"),
        ("/runs/maya/output/epoch-4.safetensors", "maya", "folder name"),
        ("maya_v2.safetensors", "maya_v2", "file name"),
        ("lora.safetensors", "lora", "file name"),
    ],
)
def test_a_file_name_that_says_nothing_gives_way_to_its_folder(path: str, name: str, source: str) -> None:
    description = described(inspection(path=path))
    assert (description.fields["name"], description.sources["name"]) == (name, source)


@pytest.mark.parametrize(
    ("claims", "version"),
    [
        (Claims(version="1.0", steps=250), "1.0-step-250"),
        (Claims(steps=250, epoch=4), "step-250"),
        (Claims(epoch=4), "epoch-4"),
    ],
)
def test_the_version_is_that_of_the_save(claims: Claims, version: str) -> None:
    assert described(inspection(claims=claims)).fields["version"] == version


class TestArchitecture:
    def test_the_config_chooses_among_what_the_structure_leaves_open(self) -> None:
        description = described(None, facts(architecture="pony", family="sdxl"))
        assert description.fields["architecture"] == "pony"
        assert description.sources["architecture"] == "config: architecture"
        assert codes(description) == []

    def test_the_structure_holds_against_a_config_that_contradicts_it(self) -> None:
        description = described(None, facts(architecture="flux1d", family="flux1"))
        assert description.fields["architecture"] == "sdxl"
        assert {"family_contradicted", "architecture_contradicted"} <= set(codes(description))

    def test_the_config_is_stronger_than_the_claim(self) -> None:
        seen = inspection(architecture="illustrious", claims=Claims(architecture="illustrious"))
        description = described(seen, facts(architecture="pony"))
        assert description.fields["architecture"] == "pony"
        assert codes(description) == ["architecture_contradicted"]

    def test_a_claimed_child_is_sent_with_the_claims_source(self) -> None:
        claims = Claims(architecture="pony", sources={"architecture": "ss_sd_model_name"})
        description = described(inspection(architecture="pony", candidates=("pony",), claims=claims))
        assert description.sources["architecture"] == "ss_sd_model_name"

    def test_the_plain_value_is_sent_with_its_siblings_named(self) -> None:
        description = described()
        assert description.fields["architecture"] == "sdxl"
        assert [(finding.code, finding.severity) for finding in description.findings] == [
            ("architecture_assumed", "warning")
        ]
        assert "pony, illustrious" in description.findings[0].message

    @pytest.mark.parametrize(
        "claims",
        [
            Claims(base_model="sd_xl_base_1.0.safetensors"),
            Claims(base_model_hash="31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b"),
        ],
    )
    def test_a_known_base_needs_no_warning(self, claims: Claims) -> None:
        assert codes(described(inspection(claims=claims))) == []

    def test_siblings_that_only_sample_faster_are_a_remark(self) -> None:
        seen = inspection(family="sd1", architecture="sd1x", candidates=("sd1x", "sd1xlcm", "sdhyper"))
        assert [finding.severity for finding in described(seen).findings] == ["info"]

    def test_a_family_without_a_plain_value_is_asked_for_by_its_candidates(self) -> None:
        candidates = ("flux1d", "flux1s", "fluxkontextdev")
        description = described(inspection(family="flux1", architecture=None, candidates=candidates))
        assert flags(description) == ["--architecture"]
        assert description.missing[0].candidates == candidates
        with pytest.raises(MissingError) as caught:
            description.require_complete()
        assert caught.value.exit_code == 4
        assert caught.value.details == {"candidates": list(candidates)}
        assert "--architecture flux1d|flux1s|fluxkontextdev" in caught.value.hint

    def test_a_family_that_the_platform_does_not_name_is_asked_for(self) -> None:
        description = described(inspection(family="wan", architecture=None, candidates=()))
        assert "the model is wan" in description.missing[0].message

    def test_a_variant_without_a_value_of_its_own_does_not_get_the_plain_one(self) -> None:
        seen = inspection(family="qwen_image", architecture="qwen_image", candidates=("qwen_image",))
        told = TrainingFacts(
            family=Fact(value="qwen_image", source="x"), other_variant=Fact(value=True, source="config: model.arch")
        )
        description = described(seen, told)
        assert "architecture" not in description.fields
        assert flags(description) == ["--architecture"]
        claims = Claims(family="qwen_image", other_variant=True)
        claimed = inspection(family="qwen_image", architecture=None, candidates=(), claims=claims)
        assert flags(described(claimed)) == ["--architecture"]

    def test_shapes_that_say_nothing_leave_the_word_to_the_config(self) -> None:
        shapeless = inspection(family=None, architecture=None, candidates=())
        assert described(shapeless, facts(family="sd1", architecture="sd1x")).fields["architecture"] == "sd1x"
        assert described(shapeless, facts(family="sdxl")).fields["architecture"] == "sdxl"
        assert flags(described(shapeless, facts(family="flux1"))) == ["--architecture"]
        assert flags(described(shapeless)) == ["--architecture"]

    def test_among_several_possible_families_the_config_says_which(self) -> None:
        seen = inspection(family=None, architecture=None, candidates=("flux1d", "flux1s", "sd3"))
        assert described(seen, facts(family="flux1")).missing[0].candidates == ("flux1d", "flux1s")
        assert described(seen, facts(family="flux1", architecture="flux1s")).fields["architecture"] == "flux1s"
        assert described(seen, facts(family="sd3")).fields["architecture"] == "sd3"
        assert "the model is chroma" in described(seen, facts(family="chroma")).missing[0].message

    def test_a_config_that_fits_none_of_the_possible_families_is_a_contradiction(self) -> None:
        seen = inspection(family=None, architecture=None, candidates=("flux1d", "flux1s", "sd3"))
        description = described(seen, facts(family="sdxl"))
        assert description.missing[0].candidates == ("flux1d", "flux1s", "sd3")
        assert codes(description) == ["family_contradicted"]

    def test_an_unknown_word_that_was_given_is_sent_with_a_warning(self) -> None:
        description = described(architecture="flux_2_dev")
        assert description.fields["architecture"] == "flux_2_dev"
        assert codes(description) == ["architecture_not_listed"]

    def test_a_known_word_that_was_given_is_sent_even_against_the_structure(self) -> None:
        description = described(architecture="sd3")
        assert description.fields["architecture"] == "sd3"
        assert codes(description) == ["architecture_contradicted"]


class TestCategory:
    def test_structure_holds_against_the_config(self) -> None:
        description = described(None, facts(category="checkpoint"))
        assert description.fields["category"] == "lora"
        assert "category_contradicted" in codes(description)

    def test_locon_may_be_called_lycoris(self) -> None:
        description = described(inspection(algorithm="locon"), facts(category="lycoris"))
        assert description.fields["category"] == "lycoris"
        assert description.sources["category"] == "config: category"

    def test_a_config_answers_what_the_structure_does_not(self) -> None:
        seen = inspection(category=None)
        assert described(seen, facts(category="vae")).fields["category"] == "vae"
        assert flags(described(seen)) == ["--category"]

    def test_what_cannot_be_uploaded_is_an_error(self) -> None:
        description = described(inspection(category="other", family=None, architecture=None, candidates=()))
        assert [finding.severity for finding in description.findings] == ["error"]
        assert description.missing == ()

    def test_a_controlnet_needs_the_users_word(self) -> None:
        seen = inspection(category="controlnet", claims=Claims(conditioning="canny"))
        asked = described(seen)
        assert flags(asked) == ["--category", "--conditioning"]
        assert "conditioning" not in asked.fields
        assert asked.suggestions["conditioning"] == "canny"
        given = described(seen, category="controlnet", conditioning="canny")
        assert given.missing == ()
        assert given.fields["conditioning"] == "canny"

    @pytest.mark.parametrize(
        ("category", "option", "value"),
        [
            ("lora", "steps", 20), ("lora", "type", "base"), ("vae", "trigger_words", "x"), ("vae", "weight", 1),
            ("checkpoint", "weight", 1), ("checkpoint", "conditioning", "canny"), ("embeddings", "strength", 0.5),
            ("checkpoint", "type", "positive"), ("embeddings", "type", "base"),
        ],
    )  # fmt: skip
    def test_a_given_option_that_does_not_apply_is_refused_by_name(
        self, category: str, option: str, value: object
    ) -> None:
        with pytest.raises(UsageError, match=f"--{option.replace('_', '-')}"):
            described(inspection(category=category), **{option: value})

    @pytest.mark.parametrize("category", ["vae", "lora", "embeddings"])
    def test_derived_values_that_do_not_apply_are_left_out(self, category: str) -> None:
        told = facts(steps=20, cfg=7.0, scheduler="Euler a")
        description = described(inspection(category=category), told)
        assert not {"defaultSteps", "defaultCFG", "defaultScheduler"} & description.fields.keys()
        assert "value_cut" not in codes(description)


class TestType:
    def test_a_checkpoint_is_what_its_structure_shows_else_base(self) -> None:
        assert described(inspection(category="checkpoint", type="inpainting")).fields["type"] == "inpainting"
        plain = described(inspection(category="checkpoint"))
        assert (plain.fields["type"], plain.sources["type"]) == ("base", "platform default")
        told = described(inspection(category="checkpoint", type="base"), facts(type="inpainting"))
        assert told.fields["type"] == "base"
        assert "type_contradicted" in codes(told)

    def test_a_refiner_needs_the_users_word(self) -> None:
        seen = inspection(category="checkpoint", type="refiner")
        assert flags(described(seen)) == ["--type"]
        assert described(seen, type="refiner").missing == ()

    def test_an_embedding_is_positive_unless_something_says_negative(self) -> None:
        seen = inspection(category="embeddings")
        assert described(seen).fields["type"] == "positive"
        assert described(seen, facts(type="negative")).fields["type"] == "negative"
        claimed = inspection(category="embeddings", claims=Claims(is_negative=True))
        assert described(claimed).fields["type"] == "negative"

    def test_the_token_of_a_negative_embedding_is_a_negative_trigger_word(self) -> None:
        description = described(inspection(category="embeddings"), facts(type="negative", trigger_words=("badhands",)))
        assert description.fields["negativeTriggerWords"] == "badhands"
        assert "positiveTriggerWords" not in description.fields


class TestWords:
    def test_trigger_words_are_one_string(self) -> None:
        assert described(trigger_words=["a", "b c"]).fields["positiveTriggerWords"] == "a, b c"
        assert described(None, facts(trigger_words=("a", "b"))).fields["positiveTriggerWords"] == "a, b"

    def test_statistics_are_suggested_and_never_sent(self) -> None:
        seen = inspection(claims=Claims(caption_tags=("ball",)))
        description = described(seen)
        assert "positiveTriggerWords" not in description.fields
        assert description.suggestions["trigger_words"] == "ball"
        hinted = TrainingFacts(trigger_words=Fact(value=("toy",), source="concepts", strength="suggested"))
        assert described(seen, hinted).suggestions["trigger_words"] == "toy"

    def test_an_empty_word_silences_what_would_be_derived(self) -> None:
        assert "positiveTriggerWords" not in described(None, facts(trigger_words=("a",)), trigger_words="").fields

    def test_tags_stay_a_list_within_their_bounds(self) -> None:
        many = tuple(f"tag{number}" for number in range(150))
        description = described(None, facts(tags=(*many, "x" * 401)))
        assert description.fields["tags"] == many[:100]
        assert "value_cut" in codes(description)


class TestBounds:
    @pytest.mark.parametrize(
        ("name", "value", "wire", "sent"),
        [
            ("steps", 250, "defaultSteps", 100), ("cfg", 45.0, "defaultCFG", 30.0), ("cfg", -1.0, "defaultCFG", 0.0),
        ],
    )  # fmt: skip
    def test_a_derived_number_is_cut_and_told(self, name: str, value: float, wire: str, sent: float) -> None:
        description = described(inspection(category="checkpoint"), facts(**{name: value}))
        assert description.fields[wire] == sent
        assert "value_cut" in codes(description)

    def test_a_derived_weight_is_cut_for_lycoris_too(self) -> None:
        assert described(inspection(category="lycoris"), facts(weight=9.0)).fields["defaultWeight"] == 4.0

    def test_a_derived_text_is_cut_or_left_out(self) -> None:
        long = described(None, facts(description="x" * 40_001))
        assert len(str(long.fields["shortDescription"])) == 40_000
        assert "value_cut" in codes(long)
        assert "shortDescription" not in described(None, facts(description="x")).fields

    def test_a_comment_is_cut_with_a_finding(self) -> None:
        description = described(None, facts(comment="word " * 400))
        assert len(str(description.fields["comment"])) == 1000
        assert "value_cut" in codes(description)


class TestComment:
    def test_it_sums_the_run_up_without_paths(self) -> None:
        seen = inspection(
            rank=16, alpha=8.0, claims=Claims(trainer="kohya", steps=1600, base_model="x", optimizer="a.b.AdamW")
        )
        told = facts(base_model="/home/ada/models/pony.safetensors", comment="see /home/ada/notes.txt")
        description = described(seen, told)
        assert description.fields["comment"] == (
            "see notes.txt; trained with kohya; base pony.safetensors; rank 16; alpha 8; steps 1600; optimizer AdamW"
        )
        assert description.sources["comment"] == "config: comment; summary of the run"

    def test_the_given_comment_stands_alone(self) -> None:
        assert described(inspection(rank=16), comment="mine").fields["comment"] == "mine"

    @pytest.mark.parametrize(
        ("changes", "warned"),
        [
            ({"format": "diffusers-peft"}, True),
            ({"format": "kohya"}, False),
            ({"format": "comfy", "alpha": 8.0}, False),
            ({"format": "comfy", "metadata": {"ss_network_alpha": "8"}}, False),
            ({"format": "diffusers-peft", "metadata": {"lora_adapter_metadata": "{}"}}, False),
        ],
    )
    def test_a_lost_alpha_is_told_where_it_is_lost(self, changes: dict[str, Any], warned: bool) -> None:
        told = TrainingFacts(summary={"rank": "16", "alpha": "8"})
        description = described(inspection(**changes), told)
        assert ("alpha_lost" in codes(description)) is warned
        assert "defaultWeight" not in description.fields


class TestHero:
    def test_a_url_is_sent(self) -> None:
        assert described(hero_image="https://example.org/a.png").fields["heroImageURL"] == "https://example.org/a.png"

    @pytest.mark.parametrize("given", [True, False])
    def test_an_image_file_is_kept_aside_for_hosting(self, given: bool, tmp_path: Path) -> None:
        image = tmp_path / "a.png"
        image.write_bytes(b"x")
        description = described(hero_image=str(image)) if given else described(None, facts(hero_image=str(image)))
        assert "heroImageURL" not in description.fields
        assert description.hero_file == image
        assert description.suggestions == ({} if given else {"hero_image": "a.png"})
        assert description.sources.get("heroImageURL", "").startswith("--hero-image: a.png" if given else "")
        assert ("heroImageURL" in description.sources) == given

    def test_a_given_file_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(UsageError, match="--hero-image"):
            described(hero_image="gone.png")


def test_a_private_run_stays_private_and_the_flag_opens_it() -> None:
    assert described(None, facts(private=True)).sources["private"] == "config: private"
    assert described(private=False).fields["private"] is False


def test_fields_outside_the_schema_are_sent_when_given() -> None:
    description = described(webhook_url="https://example.org/hook", delivery_method="async")
    assert description.fields["webhookURL"] == "https://example.org/hook"
    assert description.fields["deliveryMethod"] == "async"


def test_a_file_without_hash_is_described_without_identifier() -> None:
    assert "uniqueIdentifier" not in described(inspection(sha256=None)).fields
