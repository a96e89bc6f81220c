"""Real trainers, really run on the CPU, and their models really published to the sandbox.

They run in the interpreter that ``RW_HOOKS_TEST_TRAINERS`` names (it needs torch, diffusers, transformers, peft,
accelerate, lightning and torchvision; of rw-hooks it gets the source tree alone, none of its dependencies), with the
worker in this one: the way of a pinned training environment. ``RW_HOOKS_TEST_DIFFUSERS``, ``RW_HOOKS_TEST_MUSUBI`` and
``RW_HOOKS_TEST_SD_SCRIPTS`` name source trees, whose scripts are run; they need of that interpreter what they import.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rw_hooks.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = os.environ.get("RW_HOOKS_TEST_TRAINERS", "")
DIFFUSERS = os.environ.get("RW_HOOKS_TEST_DIFFUSERS", "")
MUSUBI = os.environ.get("RW_HOOKS_TEST_MUSUBI", "")
SD_SCRIPTS = os.environ.get("RW_HOOKS_TEST_SD_SCRIPTS", "")
TORCHVISION = (
    "import importlib.abc, sys\n"
    "class Finder(importlib.abc.MetaPathFinder):\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name == 'torchvision':\n"
    "            sys.meta_path.remove(self)\n"
    "            import torch\n"
    "            sys.torchvision_operators = torch.library.Library('torchvision', 'FRAGMENT')\n"
    "            for name in ('nms', 'qnms'):\n"
    "                try:\n"
    "                    sys.torchvision_operators.define(\n"
    "                        name + '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')\n"
    "                except RuntimeError:\n"
    "                    pass\n"
    "sys.meta_path.insert(0, Finder())\n"
)
"""torchvision from PyPI beside a CPU torch lacks its compiled half, whose operators it names when it is imported."""

needs_trainers = pytest.mark.skipif(not PYTHON, reason="RW_HOOKS_TEST_TRAINERS names no interpreter with trainers")
needs_musubi = pytest.mark.skipif(not MUSUBI, reason="RW_HOOKS_TEST_MUSUBI names no source tree of musubi-tuner")
needs_sd_scripts = pytest.mark.skipif(not SD_SCRIPTS, reason="RW_HOOKS_TEST_SD_SCRIPTS names no source tree")
needs_diffusers = pytest.mark.skipif(not DIFFUSERS, reason="RW_HOOKS_TEST_DIFFUSERS names no source tree of diffusers")


class Place:
    """A folder, a state folder and a platform for one training."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        shims = folder / "shims"
        shims.mkdir()
        (shims / "sitecustomize.py").write_text(TORCHVISION)
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "RW_HOOKS_HOME": str(folder / "home"),
            "RW_HOOKS_HOST": sandbox.host_url,
            "RUNWARE_API_KEY": sandbox.key,
            "RUNWARE_API_URL": sandbox.api_url,
            "RUNWARE_WS_URL": sandbox.ws_url,
            "HF_HUB_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "PYTHONPATH": os.pathsep.join(map(str, (shims, ROOT, ROOT / "integrations"))),
        }

    def run(self, *words: object, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [str(word) for word in words]
        return subprocess.run(
            command, cwd=self.folder, env={**self.environ, **environ}, check=False, capture_output=True, text=True
        )

    def train(self, script: Path, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a script in the trainers' environment, with the worker in ours."""
        worker = f"{sys.executable} -m rw_hooks worker"
        return self.run(PYTHON, script, *words, RW_HOOKS_WORKER_COMMAND=worker, RW_HOOKS_WAIT="yes")

    def make_base(self, name: str) -> None:
        """Make a tiny pipeline with random weights and images to train it on."""
        made = self.run(PYTHON, HERE / "tiny_bases.py", self.folder, name)
        assert made.returncode == 0, made.stderr

    def add_source(self, tree: str, *parts: str) -> None:
        """Let the trainers' environment import from a source tree."""
        self.environ["PYTHONPATH"] += os.pathsep + str(Path(tree, *parts))

    def jobs(self) -> list[dict[str, object]]:
        shown = self.run(sys.executable, "-m", "rw_hooks", "jobs", "--json")
        return [json.loads(line) for line in shown.stdout.splitlines()]


@pytest.fixture
def place(tmp_path: Path):
    with Sandbox() as sandbox:
        yield Place(tmp_path, sandbox)


@needs_trainers
@pytest.mark.parametrize(
    ("example", "architecture"), [("pytorch_loop", "sdxl"), ("transformers", "sd1x"), ("lightning", "sd1x")]
)
def test_the_example_trains_and_its_model_becomes_ready(place, example, architecture):
    done = place.train(ROOT / "examples" / example / "train.py")
    assert done.returncode == 0, done.stderr
    ready = [job for job in place.jobs() if job["status"] == "ready"]
    assert len(ready) == 1, done.stderr
    [model] = place.sandbox.world.models.values()
    assert model.sha256 == ready[0]["sha256"]
    assert (model.fields["category"], model.fields["architecture"]) == ("lora", architecture)
    assert model.fields["positiveTriggerWords"] == "toy style"


@needs_trainers
def test_a_language_models_adapter_is_no_image_model(place):
    script = place.folder / "train.py"
    script.write_text(
        "import torch\n"
        "from peft import LoraConfig, get_peft_model\n"
        "from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments\n"
        "from rw_hooks_integrations.transformers import RunwareCallback\n"
        "class Words(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 8\n"
        "    def __getitem__(self, index): return {'input_ids': torch.arange(8) + index, 'labels': torch.arange(8)}\n"
        "model = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=2, n_head=2))\n"
        "model = get_peft_model(model, LoraConfig(r=2, target_modules=['c_attn'], fan_in_fan_out=True))\n"
        "arguments = TrainingArguments(output_dir='out', max_steps=2, save_steps=1, report_to=[], use_cpu=True)\n"
        "Trainer(model=model, args=arguments, train_dataset=Words(), callbacks=[RunwareCallback()]).train()\n"
    )
    done = place.train(script)
    assert done.returncode == 0, done.stderr
    failed = [job for job in place.jobs() if job["status"] == "failed"]
    assert [job["error"]["code"] for job in failed] == ["not_an_image_model"], done.stderr
    adapter = next((place.folder / "out").glob("checkpoint-2/adapter_model.safetensors"))
    assert place.run(sys.executable, "-m", "rw_hooks", "publish", adapter).returncode == 3


@needs_trainers
def test_what_lycoris_saves_becomes_ready(place):
    script = place.folder / "train.py"
    script.write_text(
        "import sys\n"
        "import torch\n"
        "import rw_hooks\n"
        "try:\n"
        "    from lycoris import create_lycoris\n"
        "except ImportError:\n"
        "    sys.exit(77)\n"
        "from diffusers import UNet2DConditionModel\n"
        "unet = UNet2DConditionModel(block_out_channels=(8, 16), norm_num_groups=4, cross_attention_dim=16,\n"
        "    down_block_types=('CrossAttnDownBlock2D', 'DownBlock2D'), layers_per_block=1, attention_head_dim=2,\n"
        "    up_block_types=('UpBlock2D', 'CrossAttnUpBlock2D'))\n"
        "network = create_lycoris(unet, 1.0, linear_dim=4, linear_alpha=4, algo='lokr')\n"
        "network.apply_to()\n"
        "for weight in network.parameters():\n"
        "    torch.nn.init.normal_(weight)\n"
        "with rw_hooks.publishing('toy_lokr.safetensors', trigger_words='toy', architecture='sd1x'):\n"
        "    network.save_weights('toy_lokr.safetensors', torch.float16, {})\n"
    )
    done = place.train(script)
    if done.returncode == 77:
        pytest.skip("lycoris-lora is not installed there")
    assert done.returncode == 0, done.stderr
    [model] = place.sandbox.world.models.values()
    assert (model.status, model.fields["category"]) == ("ready", "lycoris"), done.stderr


@needs_trainers
@needs_diffusers
@pytest.mark.parametrize(
    ("script", "base", "architecture"),
    [("train_dreambooth_lora.py", "sd1", "sd1x"), ("train_dreambooth_lora_flux.py", "flux", "flux1d")],
)
def test_diffusers_scripts_run_unchanged_and_their_loras_become_ready(place, script, base, architecture):
    place.make_base(base)
    shutil.copy(Path(DIFFUSERS) / "examples" / "dreambooth" / script, place.folder)
    trainer = [
        PYTHON, script, "--pretrained_model_name_or_path", "base", "--instance_data_dir", "images",
        "--instance_prompt", "a photo of sks toy", "--resolution", "32", "--train_batch_size", "1",
        "--max_train_steps", "2", "--checkpointing_steps", "1", "--rank", "4", "--output_dir", "out/sks_toy",
        "--seed", "0", "--report_to", "tensorboard",
    ]  # fmt: skip
    done = place.run(sys.executable, "-m", "rw_hooks", "run", "--json", "--architecture", architecture, "--", *trainer)
    assert done.returncode == 0, done.stderr
    published = json.loads(done.stdout.strip().splitlines()[-1])
    assert published["status"] == "ready"
    assert Path(published["path"]) == place.folder / "out" / "sks_toy" / "pytorch_lora_weights.safetensors"
    [model] = place.sandbox.world.models.values()
    assert (model.fields["category"], model.fields["architecture"]) == ("lora", architecture)
    assert model.fields["positiveTriggerWords"] == "a photo of sks toy"


@needs_trainers
@needs_musubi
def test_what_musubi_trains_and_saves_becomes_ready(place):
    place.add_source(MUSUBI, "src")
    done = place.train(HERE / "musubi_train.py", place.folder)
    assert done.returncode == 0, done.stderr
    assert {Path(job["path"]).name: job["status"] for job in place.jobs()} == {
        "sks_toy-step00000002.safetensors": "superseded",
        "sks_toy-step00000004.safetensors": "superseded",
        "sks_toy.safetensors": "ready",
    }
    [model] = place.sandbox.world.models.values()
    assert model.sha256 == sha256_of(place.folder / "out" / "sks_toy.safetensors")
    expected = {
        "category": "lora", "architecture": "qwen_image", "name": "A toy", "version": "step-4",
        "positiveTriggerWords": "sks toy",
    }  # fmt: skip
    assert {name: model.fields[name] for name in expected} == expected
    for words in ("a small run", "musubi", "base qwen_image_small.safetensors", "rank 4", "alpha 2", "steps 4"):
        assert words in model.fields["comment"]


@needs_trainers
@needs_sd_scripts
@pytest.mark.parametrize(
    ("network", "options", "category"),
    [
        ("networks.lora", [], "lora"),
        # Its factors are whole, so the alpha in the file (4) is not used, and the comment has that of the command line.
        ("lycoris.kohya", ["--network_args", "algo=lokr", "preset=unet-transformer-only"], "lycoris"),
    ],
)
def test_what_sd_scripts_trains_and_saves_becomes_ready(place, network, options, category):
    place.add_source(SD_SCRIPTS)
    place.make_base("sd1")
    tokenizer, data = place.folder / "tokenizers" / "openai_clip-vit-large-patch14", place.folder / "data" / "2_sks toy"
    shutil.copytree(place.folder / "base" / "tokenizer", tokenizer)
    shutil.copytree(place.folder / "images", data)
    for image in data.glob("*.png"):
        image.with_suffix(".txt").write_text("sks toy, a table")
    trainer = [
        PYTHON, HERE / "sd_scripts_train.py", "--pretrained_model_name_or_path", "base", "--tokenizer_cache_dir",
        "tokenizers", "--train_data_dir", "data", "--caption_extension", ".txt", "--resolution", "32",
        "--network_module", network, "--network_dim", "4", "--network_alpha", "2", "--network_train_unet_only",
        *options, "--optimizer_type", "AdamW", "--learning_rate", "1e-2", "--max_train_steps", "4",
        "--save_every_n_steps", "2", "--max_data_loader_n_workers", "0", "--seed", "1", "--mixed_precision", "no",
        "--sdpa", "--output_dir", "out", "--output_name", "sks_toy", "--metadata_title", "A toy",
        "--metadata_trigger_phrase", "sks toy", "--training_comment", "a small run",
    ]  # fmt: skip
    done = place.run(sys.executable, "-m", "rw_hooks", "run", "--json", "--architecture", "sd1x", "--", *trainer)
    assert done.returncode == 0, done.stderr
    published = json.loads(done.stdout.strip().splitlines()[-1])
    assert (published["status"], Path(published["path"]).name) == ("ready", "sks_toy.safetensors")
    [model] = place.sandbox.world.models.values()
    assert model.sha256 == sha256_of(place.folder / "out" / "sks_toy.safetensors")
    assert (model.fields["category"], model.fields["name"]) == (category, "A toy")
    assert model.fields["positiveTriggerWords"] == "sks toy"
    for words in ("a small run", "kohya", "rank 4", "alpha 2", "steps 4"):
        assert words in model.fields["comment"]


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
