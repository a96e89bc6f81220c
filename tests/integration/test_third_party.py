"""A trainer that we never heard of, added by a package of its own: the one in ``examples/third_party_trainer``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rw_hooks.integration import choose, load_integrations, read_run
from tests.doubles.runs import unfold

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).parents[2] / "examples" / "third_party_trainer"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site-packages folder with the example in it, as an installer leaves it."""
    site = tmp_path / "site-packages"
    info = site / "toy_trainer-0.1.dist-info"
    info.mkdir(parents=True)
    shutil.copy(EXAMPLE / "toy_trainer.py", site)
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-trainer\nVersion: 0.1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        ),
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(site))
    yield site
    for name in ("toy_trainer", "broken_plugin"):
        sys.modules.pop(name, None)


@pytest.fixture
def toy_run(tmp_path: Path) -> Path:
    source = unfold("peft/real_sdxl", tmp_path) / "output" / "pytorch_lora_weights.safetensors"
    folder = tmp_path / "toy"
    folder.mkdir()
    shutil.move(source, folder / "result.safetensors")
    (folder / "toy_run.json").write_text(
        json.dumps({"title": "Ink", "trigger": "inkdraw", "base": "stabilityai/stable-diffusion-xl-base-1.0"}),
        encoding="utf-8",
    )
    return folder


def test_a_third_partys_trainer_is_recognised_and_read(installed: Path, toy_run: Path) -> None:
    run = read_run(toy_run)
    assert run.trainer == "toy_trainer"
    assert run.facts.name is not None
    assert (run.facts.name.value, run.facts.name.source) == ("Ink", "toy_run.json: title")
    assert run.facts.architecture is not None
    assert run.facts.architecture.value == "sdxl"
    assert [artifact.path.name for artifact in choose(run).artifacts] == ["result.safetensors"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('no such GPU')", "is broken: RuntimeError: no such GPU"),
        ("import a_module_that_is_not_there", "is broken: ModuleNotFoundError"),
        ("class Plugin:\n    pass", "it lacks a method"),
        ("class Plugin:\n    def __init__(self, needed): pass", "is broken: TypeError"),
    ],
)
def test_a_broken_plugin_is_a_warning_and_the_others_work(code: str, said: str, installed: Path, toy_run: Path) -> None:
    (installed / "broken_plugin.py").write_text(code, encoding="utf-8")
    info = installed / "broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[rw_hooks.integrations]\nbroken = broken_plugin:Plugin\n", encoding="utf-8")
    run = read_run(toy_run)
    assert run.trainer == "toy_trainer"
    assert any("broken_plugin:Plugin" in warning and said in warning for warning in run.warnings)


@pytest.mark.parametrize("method", ["recognise", "facts", "artifacts"])
def test_a_plugin_that_fails_while_reading_is_a_warning(method: str, installed: Path, toy_run: Path) -> None:
    code = (installed / "toy_trainer.py").read_text(encoding="utf-8")
    failing = f"\n\ndef _fail(self, run):\n    raise OSError('disk on fire')\n\n\nToyTrainer.{method} = _fail\n"
    (installed / "toy_trainer.py").write_text(code + failing, encoding="utf-8")
    run = read_run(toy_run)
    assert any("disk on fire" in warning for warning in run.warnings)
    assert [artifact.path.name for artifact in choose(run).artifacts] == ["result.safetensors"]


def test_our_own_integrations_are_all_found_in_one_order() -> None:
    integrations, warnings = load_integrations()
    assert warnings == ()
    assert [entry.name for entry in integrations] == [
        "ai_toolkit", "diffsynth", "diffusers", "diffusion_pipe", "fal", "fluxgym", "kohya", "lightning", "musubi",
        "onetrainer", "replicate", "simpletuner", "transformers",
    ]  # fmt: skip
