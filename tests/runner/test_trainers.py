"""``rw-hooks run`` around each trainer that has no hook: as it is started, with what it was recorded to leave."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.doubles.runs import RUNS, unfold

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins of the launchers are scripts")

LAUNCHER = """#!{python}
import os, sys
words = sys.argv[1:]
script = next(at for at, word in enumerate(words) if word.endswith(".py"))
os.environ["RANK"] = "0"
os.execv(sys.executable, [sys.executable, *words[script:]])
"""
TRAINER = """
import os, shutil
from pathlib import Path
recorded, place, last = (Path(os.environ[name]) for name in ("RECORDED", "PLACE", "LAST"))
running = shutil.ignore_patterns("*.sh")
shutil.copytree(recorded, place, ignore=running, dirs_exist_ok=True, copy_function=shutil.copyfile)
os.utime(place / last)
"""


@dataclass
class Started:
    """A trainer as it is started.

    Attributes:
        run: The recorded run.
        command: The words after ``--``.
        script: The trainer's script in them, or in the launch script.
        place: Where it writes.
        result: Its final file there.
        files: The configs that it is given.
    """

    run: str
    command: str
    script: str
    place: str
    result: str
    files: dict[str, str] = field(default_factory=dict)


SD_TOML = 'output_dir = "out"\noutput_name = "sks_toy_v1"\nnetwork_module = "networks.lora"\n'
ONE = '{"workspace_dir": "ws", "output_model_destination": "out/sks_toy_ot.safetensors", "training_method": "LORA"}'
PIPE = 'output_dir = "out"\nepochs = 2\n[model]\ntype = "wan"\n[adapter]\ntype = "lora"\nrank = 1\n'
FLUXGYM = (RUNS / "fluxgym" / "maya" / "output" / "train.sh").read_text().replace("/app/fluxgym/outputs", "outputs")
TRAINERS = {
    "sd-scripts": Started(
        "kohya-sd-scripts/lora_sd15",
        "accelerate launch --num_cpu_threads_per_process 1 train_network.py --config_file run.toml",
        "train_network.py", "out", "sks_toy_v1.safetensors", {"run.toml": SD_TOML},
    ),
    "diffusers": Started(
        "diffusers/dreambooth_lora_sd1",
        "accelerate launch examples/train_dreambooth_lora.py --instance_prompt sks --output_dir=out",
        "examples/train_dreambooth_lora.py", "out", "pytorch_lora_weights.safetensors",
    ),
    "torchrun": Started(
        "diffusers/dreambooth_lora_flux",
        "torchrun --nproc_per_node 8 train_dreambooth_lora_flux.py --instance_prompt sks --output_dir out",
        "train_dreambooth_lora_flux.py", "out", "pytorch_lora_weights.safetensors",
    ),
    "OneTrainer": Started(
        "onetrainer/lora_sd15", "python scripts/train.py --config-path run.json",
        "scripts/train.py", ".", "out/sks_toy_ot.safetensors", {"run.json": ONE},
    ),
    "diffusion-pipe": Started(
        "diffusion-pipe/wan13_lora", "deepspeed --num_gpus=1 train.py --deepspeed --config examples/run.toml",
        "train.py", "out/20261122_07-06-01", "epoch1/adapter_model.safetensors", {"examples/run.toml": PIPE},
    ),
    "DiffSynth": Started(
        "diffsynth/qwen_lora",
        "accelerate launch model_training/train.py --output_path ./models/train/ink --lora_base_model dit",
        "model_training/train.py", "models/train/ink", "epoch-4.safetensors",
    ),
    "fluxgym": Started(
        "fluxgym/maya", "bash outputs/maya/train.sh",
        "sd-scripts/flux_train_network.py", "outputs/maya", "maya.safetensors", {"outputs/maya/train.sh": FLUXGYM},
    ),
    "musubi-tuner": Started(
        "musubi-tuner/wan_lora",
        "accelerate launch src/musubi_tuner/wan_train_network.py --output_dir out --output_name sks_wan",
        "src/musubi_tuner/wan_train_network.py", "out", "sks_wan.safetensors",
    ),
}  # fmt: skip


@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_result_of_each_trainer_is_handed_over_and_nothing_else(training, tmp_path, trainer):
    started = TRAINERS[trainer]
    recorded = unfold(started.run, tmp_path / "recorded") / "output"
    for name, text in {**started.files, started.script: TRAINER}.items():
        file = training.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    launchers = tmp_path / "bin"
    launchers.mkdir()
    for name in ("accelerate", "torchrun", "deepspeed"):
        (launchers / name).write_text(LAUNCHER.format(python=sys.executable))
        (launchers / name).chmod(0o755)
    (launchers / "python").symlink_to(sys.executable)
    words, environ = training.command("import rw_hooks.cli; rw_hooks.cli.main()")
    environ |= {
        "PATH": f"{launchers}{os.pathsep}{environ['PATH']}", "RECORDED": str(recorded),
        "PLACE": str(training.folder / started.place), "LAST": started.result,
    }  # fmt: skip
    done = subprocess.run(
        [*words, "run", "--", *started.command.split()],
        env=environ, cwd=training.folder, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [item] = training.handed()
    assert (Path(item.path), item.final) == (training.folder / started.place / started.result, True)
    assert item.argv[0] == started.command.split()[0]
