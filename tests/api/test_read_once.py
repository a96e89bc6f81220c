"""What passes through a publication is read, described and validated once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rw_hooks.api.publish import publish, publish_all
from rw_hooks.integration import folder
from rw_hooks.publication import results
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.stages import describe
from rw_hooks.sandbox.adapter import make_adapter


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Return the folder of a training that left three saves and a result."""
    out = tmp_path / "my_sketch"
    out.mkdir()
    for number, name in enumerate(("sketch-000001", "sketch-000002", "sketch-000003", "sketch")):
        make_adapter(out / f"{name}.safetensors", number, 1, lambda _step, _loss: None)
    return out


@pytest.fixture
def walked(monkeypatch):
    """Count how often each folder of a run is listed."""
    counts, walk = Counter(), folder._walk

    def counted(root, *arguments):
        counts[root] += 1
        return walk(root, *arguments)

    monkeypatch.setattr(folder, "_walk", counted)
    return counts


@pytest.fixture
def described(monkeypatch):
    """Count how often a file is described."""
    counts, real = Counter(), describe.describe

    def counted(inspection, *arguments, **named):
        counts[Path(inspection.path).name] += 1
        return real(inspection, *arguments, **named)

    monkeypatch.setattr(describe, "describe", counted)
    return counts


@pytest.mark.parametrize("which", ["final", "all"])
def test_the_folder_of_a_run_is_listed_once(settings, run_folder, walked, described, which):
    ended = list(publish_all([run_folder], settings(which=which), Silent()))
    assert {entry.status for entry in ended} == {"ready"}
    assert len(ended) == (1 if which == "final" else 4)
    assert walked[run_folder] == 1
    assert set(described.values()) == {1}


def test_a_file_is_described_once_a_call(settings, lora, described):
    for calls in (1, 2):
        assert publish(lora, settings=settings()).status == "ready"
        assert described[lora.name] == calls


def test_what_a_stage_produced_is_never_read_back_in_the_process_that_made_it(settings, lora, monkeypatch):
    read = []
    value = results.Results._value

    def counted(self, stage, kind):
        if stage not in self._known:
            read.append(stage)
        return value(self, stage, kind)

    monkeypatch.setattr(results.Results, "_value", counted)
    publication = publish(lora, settings=settings())
    assert publication.status == "ready"
    assert len(read) == len(set(read)) <= 1, read  # the inspection, which enrolling wrote
