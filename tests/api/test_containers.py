"""What a hosted trainer leaves: a result that points to the file, or an archive that holds it."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from rw_hooks.api.publish import explain, publish
from tests.api.conftest import ARTIFACTS


def spooled(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "home" / "spool").rglob("*") if path.is_file()]


def test_a_fal_result_is_registered_from_where_the_file_is(tmp_path, sandbox, settings, lora):
    served = sandbox.folder / "lora.safetensors"
    served.write_bytes(lora.read_bytes())
    result = tmp_path / "fal" / "result.json"
    result.parent.mkdir()
    result.write_text(
        json.dumps(
            {
                "diffusers_lora_file": {"url": sandbox.files_url + "lora.safetensors", "file_name": "lora.safetensors"},
                "input": {"trigger_word": "maya", "steps": 900},
            }
        )
    )
    publication = publish(result, settings=settings(host=None))
    assert (publication.error, publication.status) == (None, "ready")
    assert publication.url == sandbox.files_url + "lora.safetensors"
    assert publication.model["positiveTriggerWords"] == "maya"
    assert spooled(tmp_path) == []
    assert (tmp_path / "fal" / "lora.safetensors.rw.json").exists()


def test_an_archive_is_published_by_the_weights_it_holds(tmp_path, sandbox, settings):
    inner = tmp_path / "output" / "flux_train_replicate"
    inner.mkdir(parents=True)
    (inner / "config.yaml").write_text(
        "job: extension\nconfig:\n  name: flux_train_replicate\n  process:\n  - type: sd_trainer\n"
        "    trigger_word: maya\n"
        "    model:\n      name_or_path: runwayml/stable-diffusion-v1-5\n"
    )
    save_file(load_file(ARTIFACTS / "sks_toy_v1.safetensors"), inner / "lora.safetensors")
    archive = tmp_path / "trained_model.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "output", "output")
    [described] = explain([archive], settings())
    assert described.model["positiveTriggerWords"] == "maya"
    publication = publish(archive, settings=settings())
    assert (publication.error, publication.status) == (None, "ready")
    assert publication.model["positiveTriggerWords"] == "maya"
    assert spooled(tmp_path) == []
    again = publish(archive, settings=settings())
    assert (again.changed, again.air) == ("nothing", publication.air)


def test_a_result_whose_file_is_gone_says_so(tmp_path, sandbox, settings):
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"diffusers_lora_file": {"url": sandbox.files_url + "gone.safetensors"}}))
    publication = publish(result, settings=settings(host=None))
    assert (publication.status, publication.exit_code) == ("failed", 5)
    assert publication.error["code"] == "url_not_public"


def test_a_pipeline_folder_is_refused_with_how_to_convert_it(tmp_path, settings):
    (tmp_path / "pipeline" / "unet").mkdir(parents=True)
    (tmp_path / "pipeline" / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    publication = publish(tmp_path / "pipeline", settings=settings())
    assert (publication.exit_code, publication.error["code"]) == (3, "pipeline_folder")
    assert "convert" in publication.error["hint"]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Return a kohya run with an epoch's file and the final one, their weights the same and their metadata not."""
    folder = tmp_path / "output"
    folder.mkdir()
    tensors = load_file(ARTIFACTS / "sks_toy_lokr.safetensors")
    for name, epoch in (("toy-000001", "1"), ("toy", "2")):
        metadata = {"ss_base_model_version": "sd_v1", "ss_output_name": "toy", "ss_epoch": epoch, "ss_steps": epoch}
        save_file(tensors, folder / f"{name}.safetensors", metadata)
    return folder


def test_of_a_run_the_final_file_is_published(sandbox, settings, run_folder):
    publication = publish(run_folder, settings=settings())
    assert (publication.status, Path(publication.path).name) == ("ready", "toy.safetensors")
    assert len(sandbox.world.models) == 1


def test_all_files_of_a_run_get_an_air_each(sandbox, settings, run_folder):
    refused = publish(run_folder, settings=settings(which="all", air="sandbox:9@1"))
    assert (refused.exit_code, refused.error["code"]) == (2, "one_air_many_files")
    publication = publish(run_folder, settings=settings(which="all", air="sandbox:9"))
    assert publication.status == "ready"
    assert set(sandbox.world.models) == {"sandbox:9@1", "sandbox:9@2"}
