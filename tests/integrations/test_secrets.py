"""Whatever secret or home path stands in a config, nothing of it is in what the readers and ``describe`` return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rw_hooks.artifact import inspect
from rw_hooks.config.settings import load
from rw_hooks.describe import describe
from rw_hooks.integration import choose, read_run
from tests.doubles.runs import RUNS, unfold

TOKEN = "hf_" + "PlantedSecretOfTheTrainer012345678"
KEY = "0f" * 20
HOME = "/home/ada.lovelace"
EXPECTED = json.loads((RUNS / "expected.json").read_text(encoding="utf-8"))

TOML = f"""huggingface_token = "{TOKEN}"
wandb_api_key = "{KEY}"
hub_password = "{KEY}"
logging_dir = "{HOME}/logs"
training_comment = "made in {HOME}/trainings with {TOKEN}"
"""


YAML = f"hub_token: {TOKEN}\nwandb_key: {KEY}\nlogging: {HOME}/logs\n"


def plant(folder: Path) -> Iterator[Path]:
    """Write secrets and home paths into every config of a run, in its own format."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".toml", ".yaml", ".yml", ".json", ".sh", ".md"}:
            continue
        content = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            content = TOML + content
        elif path.suffix in {".yaml", ".yml"}:
            content = YAML + content
        elif path.suffix == ".md":
            content = content.replace("---\n", "---\n" + YAML, 1)
        elif path.suffix == ".sh":
            content = (
                content.rstrip() + f' --huggingface_token={TOKEN} --wandb_api_key "{KEY}" --logging_dir {HOME}/x\n'
            )
        else:
            content = planted_json(content)
        path.write_text(content, encoding="utf-8")
        yield path


def planted_json(content: str) -> str:
    value = json.loads(content)
    if isinstance(value, dict):
        value |= {"hub_token": TOKEN, "api_key": KEY, "workspace": f"{HOME}/ws", "notes": f"token {TOKEN}"}
        if "argv" in value:
            value["argv"] += ["--hub_token", TOKEN, "--training_comment", f"see {HOME}/notes", f"--wandb_api_key={KEY}"]
    return json.dumps(value)


@pytest.mark.parametrize("run", sorted(set(EXPECTED) - {"musubi-tuner/kontext_lora"}))
def test_planted_secrets_and_home_paths_are_in_no_output(run: str, tmp_path: Path) -> None:
    folder = unfold(run, tmp_path)
    assert list(plant(folder))
    config = folder / "command.json"
    for named in (None, config if config.exists() else None):
        read = read_run(folder / EXPECTED[run]["read"], config=named)
        shown = [read.facts.model_copy(update={"hero_image": None}).model_dump_json(), *read.warnings]
        for artifact in choose(read).artifacts:
            if artifact.url is None:
                facts = read_run(artifact.path, config=named).facts
                settings = load({}, environ={}, directory=folder)
                shown.append(describe(inspect(artifact.path), facts, settings).model_dump_json(exclude={"hero_file"}))
        output = "\n".join(shown)
        assert read.trainer == EXPECTED[run]["trainer"]
        for secret in (TOKEN, KEY, HOME, "ada.lovelace"):
            assert secret not in output
