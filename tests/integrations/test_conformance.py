"""Every integration passes every case."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.conformance import (
    CASES,
    FAULTS,
    INTEGRATIONS,
    NOT_BEFORE_THE_END,
    OWN_CODE,
    REFUSES,
    ROOT,
    TAKES_THE_SIGNAL,
    missing_package,
    train,
)

ENDS_WELL = ("final_only", "rotation", "look_alikes", "deleted", "notebook", "workers")
OTHER_FILE_SYSTEM = Path("/dev/shm")

each_integration = pytest.mark.parametrize("integration", INTEGRATIONS)


@each_integration
@pytest.mark.parametrize("case", ENDS_WELL)
def test_the_last_save_and_no_other_is_published(tmp_path, integration, case):
    outcome = train(integration, case, tmp_path / "run", tmp_path / "home")
    assert outcome.code == 0, outcome.errors
    assert outcome.published() == [outcome.truth[-1][2]]
    assert outcome.undecided == []
    assert {item.run for item in outcome.superseded} <= {outcome.due[0].run}
    saved = {path for _, path, _ in outcome.truth}
    assert {item.path for item in (*outcome.due, *outcome.superseded)} <= saved
    assert outcome.warnings == []


@each_integration
def test_other_ranks_do_nothing(tmp_path, integration):
    outcome = train(integration, "rank", tmp_path / "run", tmp_path / "home")
    assert outcome.code == 0, outcome.errors
    assert not (tmp_path / "home" / "inbox").exists()
    assert outcome.warnings == []


@each_integration
@pytest.mark.parametrize("case", FAULTS)
def test_a_trainer_that_ends_badly_loses_nothing_and_ends_as_it_would(tmp_path, integration, case):
    outcome = train(integration, case, tmp_path / "run", tmp_path / "home")
    assert outcome.code == TAKES_THE_SIGNAL.get((integration, case), FAULTS[case]), outcome.errors
    wanted = [] if integration in NOT_BEFORE_THE_END else [outcome.truth[-1][2]]
    assert outcome.published() == wanted
    assert outcome.undecided == []


@each_integration
def test_an_unwritable_state_folder_is_one_warning(tmp_path, integration):
    (tmp_path / "file").touch()
    outcome = train(integration, "read_only_state", tmp_path / "run", tmp_path / "file" / "home")
    assert outcome.code == OWN_CODE.get((integration, "read_only_state"), 0), outcome.errors
    assert len(outcome.warnings) == 1
    assert "RW_HOOKS_HOME" in outcome.errors


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    if not OTHER_FILE_SYSTEM.is_dir() or OTHER_FILE_SYSTEM.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("there is no second file system here")
    folder = Path(tempfile.mkdtemp(dir=OTHER_FILE_SYSTEM))
    yield folder
    shutil.rmtree(folder)


@each_integration
def test_a_state_folder_on_another_file_system_does_as_well(tmp_path, elsewhere, integration):
    outcome = train(integration, "another_file_system", tmp_path / "run", elsewhere / "home")
    assert outcome.code == 0, outcome.errors
    assert outcome.published() == [outcome.truth[-1][2]]
    assert outcome.due[0].held.startswith(str(tmp_path))


@each_integration
def test_a_file_rewritten_in_place_is_not_mixed(tmp_path, integration):
    outcome = train(integration, "rewritten", tmp_path / "run", tmp_path / "home")
    assert outcome.code == 0, outcome.errors
    assert outcome.changed() or outcome.published() == [outcome.truth[-1][2]]


@each_integration
def test_without_a_key_one_warning_and_the_save_is_kept(tmp_path, integration):
    outcome = train(integration, "missing_key", tmp_path / "run", tmp_path / "home")
    assert outcome.code == OWN_CODE.get((integration, "missing_key"), 0), outcome.errors
    assert outcome.published() == ([] if integration in REFUSES else [outcome.truth[-1][2]])
    assert len(outcome.warnings) == 1
    assert "RUNWARE_API_KEY" in outcome.errors


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import rw_hooks_integrations.transformers", "imported"),
        ("import rw_hooks_integrations.lightning", "imported"),
        ("import rw_hooks_integrations.diffsynth", "imported"),
        ("from rw_hooks_integrations.transformers import RunwareCallback", "pip install transformers"),
        ("from rw_hooks_integrations.lightning import RunwareCallback", "pip install lightning"),
        ("from rw_hooks_integrations.diffsynth import RunwareLogger", "pip install diffsynth"),
        ("from rw_hooks_integrations.accelerate import publish_on_save", "imported"),
        ("from rw_hooks_integrations.musubi import with_publishing", "imported"),
        ("from rw_hooks_integrations.diffusers import publish_on_save; publish_on_save()", "pip install diffusers"),
        ("import rw_hooks_integrations.ai_toolkit.rw_publish", "pip install rw-hooks"),
        ("from rw_hooks import publishing", "imported"),
        ("import rw_hooks.cli.run, rw_hooks.cli.watch", "imported"),
    ],
)
def test_a_missing_package_is_said_when_it_is_used(statement, expected):
    assert expected in missing_package(statement)


def test_the_manual_lists_the_whole_matrix():
    manual = (ROOT / "docs" / "hooks.md").read_text()
    assert [name for name in (*INTEGRATIONS, *CASES) if f"`{name}`" not in manual] == []
