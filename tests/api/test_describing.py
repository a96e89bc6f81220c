"""What a caller tells of a run: taken as options are, and never a reason to stop."""

from __future__ import annotations

from rw_hooks.api.publish import explain
from rw_hooks.publication.stages.describe import facts_for


def test_told_facts_are_read_as_options_are(settings, lora):
    facts = facts_for(lora, settings(), {"trigger_words": "maya, person", "steps": "30", "base_model": "SDXL"})
    assert facts.trigger_words.value == ("maya", "person")
    assert facts.trigger_words.source == "facts: trigger_words"
    assert facts.steps.value == 30
    assert facts.base_model.value == "SDXL"


def test_told_facts_that_options_would_refuse_are_left_out(settings, lora, caplog):
    facts = facts_for(lora, settings(), {"weight": 99, "nobody": "knows", "name": "Maya"})
    assert facts.weight is None
    assert facts.name.value == "Maya"
    assert "weight" in caplog.text


def test_a_config_that_is_broken_is_a_finding_of_the_description(settings, lora):
    (lora.parent / "broken.toml").write_text("a = ")
    (publication,) = explain([lora], settings(config=str(lora.parent / "broken.toml")))
    assert ("config_unreadable", "warning") in [(entry.code, entry.severity) for entry in publication.findings]
    assert "broken.toml" in str(publication.findings)
    facts = facts_for(lora, settings(), {"unread": ["told"], "name": "Maya"})
    assert ["broken.toml" in trouble for trouble in facts.unread] == [True]
