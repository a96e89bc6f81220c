"""What third parties may use: a change of these names is a change of the public interface."""

from __future__ import annotations

import importlib
import inspect

import pytest

PUBLIC = {
    "rw_hooks": (
        "ArtifactError MissingError Publication PublishHook RefusedError RwHooksError UnreachableError UsageError "
        "__version__ inspect publish publishing"
    ),
    "rw_hooks.errors": (
        "ArtifactChangedError ArtifactError ConflictError EXIT_BUG EXIT_CODES EXIT_DONE EXIT_INTERRUPTED EXIT_PIPE "
        "JournalError MissingError RefusedError RwHooksError UnreachableError UsageError"
    ),
    "rw_hooks.facts": "Config Fact Launch Layer Layers TrainingFacts common_words runware_scheduler",
    "rw_hooks.facts.configs": "Config UnreadableError is_secret_key parse_yaml read_config read_text",
    "rw_hooks.facts.values": ("base_name dig first flag model_name number stated text whole without_paths words"),
    "rw_hooks.integration": (
        "Choice GROUP Integration Named Refusal Role Run RunArtifact RunFolder RunReader SaveName Verdict base_facts "
        "base_from_name base_from_word choose judge_new_file load_integrations read_run refusal_by_place save_name"
    ),
    "rw_hooks.integration.foreign": "is_dir is_file",
    "rw_hooks.hosts": (
        "Deadline Deletes Guarded Host HostConfig HostedFile Location Preflight Progress default_hub_url fetch_file "
        "is_private_address open_host preflight"
    ),
    "rw_hooks.hook": "PublishHook publishing",
    "rw_hooks.hook.jsonable": "jsonable number_or_none",
    "rw_hooks.engines.base": "DEFAULT_CONCURRENCY Engine Factory GROUP open_engine",
    "rw_hooks.publication.model": "Publication STAGE_NAMES StageName Status",
    "rw_hooks.publication.store": "Change Enrolment JournalError Key Result Row Store",
    "rw_hooks.publication.policy": (
        "Intent Update after_failure after_success cancelled differing enrolled is_bad_artifact is_done is_due is_over "
        "is_to_be_compared may_go_on next_air plan renewed seconds_allowed"
    ),
    "rw_hooks.publication.journey": "Journey patience",
    "rw_hooks.publication.stages": "STAGES Stage Work",
    "rw_hooks.publication.services": "Clients Services endpoint_of host_at host_url",
    "rw_hooks.publication.observer": "Observer Silent",
    "rw_hooks.publication.report": "Changed error_record not_enrolled publication_of stored_publication",
    "rw_hooks.publication.option_codec": (
        "pack secret_fields secret_options unpack whole_url without_secret without_secret_options"
    ),
    "rw_hooks.testing.hosts": "HostSuite MakeFile ODD_NAMES WrongCredentials",
    "rw_hooks.testing.integrations": "CASES FAULTS IntegrationSuite Outcome TrainingRun missing_package",
    "rw_hooks.testing.stage": "CASES FAULTS HARMS OUTPUT Stage TRUTH save",
    "rw_hooks.testing.engines": "EngineSuite EngineWorld load_factory",
    "rw_hooks.sandbox": "Connection Download Faults Model PHASES Phase Sandbox SandboxSettings Webhook World",
}
"""The names of each module's ``__all__``, in words."""

PACKAGES = ("facts", "integration", "hosts", "hook", "engines", "publication", "testing")


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_those_that_are_listed_here(module):
    assert sorted(importlib.import_module(module).__all__) == sorted(PUBLIC[module].split())


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_there_and_documented(module):
    found = importlib.import_module(module)
    named = [getattr(found, name) for name in PUBLIC[module].split()]
    documented = [value for value in named if inspect.isclass(value) or inspect.isroutine(value)]
    assert [value for value in documented if not inspect.getdoc(value)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_third_parties_may_use(package):
    found = importlib.import_module(f"rw_hooks.{package}")
    told = " ".join((found.__doc__ or "").split())
    modules = [name for name in PUBLIC if name.startswith(f"rw_hooks.{package}.")]
    assert "hird parties" in told
    assert [name for name in modules if f":mod:`{name}`" not in told] == []
