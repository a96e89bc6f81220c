"""What the founding API takes and today's does not: sent when given, and the platform's own answer shown as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from rw_hooks.api.publish import publish
from rw_hooks.sandbox import Sandbox, SandboxSettings
from tests.api.conftest import settings_for

BASE = "model.diffusion_model."
CONTROLNET = {
    "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
    "controlnet_down_blocks.0.weight": (320, 320, 1, 1),
    "controlnet_mid_block.weight": (64, 64, 1, 1),
    "conv_in.weight": (320, 4, 3, 3),
    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (320, 768),
}
REFINER = {
    BASE + "label_emb.0.0.weight": (1536, 2560),
    BASE + "input_blocks.0.0.weight": (384, 4, 3, 3),
    BASE + "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (768, 1280),
    BASE + "output_blocks.0.0.in_layers.0.weight": (1536,),
    "conditioner.embedders.0.model.ln_final.weight": (1280,),
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
}
GIVEN = {
    "controlnet": {"conditioning": "canny", "architecture": "sd1x", "category": "controlnet"},
    "refiner": {"type": "refiner", "architecture": "sdxl"},
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return a ControlNet and a refiner with the shapes that tell them."""
    random = np.random.default_rng(7)
    paths = {}
    for name, shapes in (("controlnet", CONTROLNET), ("refiner", REFINER)):
        tensors = {key: random.standard_normal(shape).astype(np.float16) for key, shape in shapes.items()}
        paths[name] = tmp_path / f"{name}.safetensors"
        save_file(tensors, paths[name])
    return paths


def arrives(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("kind", ["controlnet", "refiner"])
def test_the_founding_api_takes_them_and_posts_to_the_webhook(tmp_path, files, kind):
    with Sandbox(settings=SandboxSettings(dialect="founding")) as sandbox:
        webhook = sandbox.files_url + "hook?token=canary"
        settings = settings_for(tmp_path, sandbox)(webhook_url=webhook, **GIVEN[kind])
        publication = publish(files[kind], settings=settings)
        assert (publication.error, publication.status) == (None, "ready")
        assert (
            sandbox.world.models[publication.air].fields.items()
            >= {
                **({"conditioning": "canny"} if kind == "controlnet" else {"type": "refiner"}),
                "category": "controlnet" if kind == "controlnet" else "checkpoint",
            }.items()
        )
        assert arrives(lambda: webhook in {posted.url for posted in sandbox.world.webhooks})
    assert "canary" not in str(publication.as_json())
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"canary" not in kept


@pytest.mark.parametrize("kind", ["controlnet", "refiner"])
def test_todays_api_refuses_them_in_its_own_words(tmp_path, files, kind):
    with Sandbox() as sandbox:
        settings = settings_for(tmp_path, sandbox)
        publication = publish(files[kind], settings=settings(**GIVEN[kind]))
        assert (publication.status, publication.exit_code) == ("failed", 5)
        assert publication.error["stage"] == "register"
        assert publication.error["allowedValues"]
        assert sandbox.world.models == {}


@pytest.mark.parametrize(("kind", "flag"), [("controlnet", "--category"), ("refiner", "--type")])
def test_what_is_only_derived_is_asked_for(tmp_path, sandbox, settings, files, kind, flag):
    publication = publish(files[kind], settings=settings())
    assert (publication.status, publication.exit_code) == ("failed", 4)
    assert flag in publication.error["hint"] + publication.error["message"]
    assert sandbox.world.models == {}
