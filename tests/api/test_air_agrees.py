"""What ``explain`` shows is the AIR that ``publish`` takes: over forms of AIRs, states of the journal, and receipts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rw_hooks.api.explain import explain
from rw_hooks.api.jobs import cancel, jobs
from rw_hooks.api.publish import publish, publish_all
from rw_hooks.errors import UsageError
from rw_hooks.publication.observer import Silent


def another(tmp_path: Path, lora: Path) -> Path:
    """Return another file with other bytes."""
    path = tmp_path / "other" / "another.safetensors"
    path.parent.mkdir()
    content = bytearray(lora.read_bytes())
    content[-2:] = b"\x11\x11"
    path.write_bytes(bytes(content))
    return path


def nothing(tmp_path, settings, lora, air):
    """Nothing was published before."""


def same_file_ready(tmp_path, settings, lora, air):
    assert publish(lora, settings=settings(air=air), observer=Silent()).status == "ready"


def same_file_failed(tmp_path, settings, lora, air):
    assert publish(lora, settings=settings(air=air, architecture="no_such"), observer=Silent()).status == "failed"


def other_file_ready(tmp_path, settings, lora, air):
    assert publish(another(tmp_path, lora), settings=settings(air=air), observer=Silent()).status == "ready"


def other_file_failed(tmp_path, settings, lora, air):
    """A version that was given to a file which then failed at the platform is not given to another."""
    other = another(tmp_path, lora)
    assert publish(other, settings=settings(air=air, architecture="no_such"), observer=Silent()).status == "failed"


def same_file_cancelled(tmp_path, settings, lora, air):
    """It was dropped when it had an AIR already."""
    same_file_failed(tmp_path, settings, lora, air)
    [job] = jobs(settings())
    cancel(settings(), job.id)


def same_file_elsewhere(tmp_path, settings, lora, air):
    """The same bytes were published from another place."""
    copy = tmp_path / "copy" / lora.name
    copy.parent.mkdir()
    shutil.copyfile(lora, copy)
    assert publish(copy, settings=settings(air=air), observer=Silent()).status == "ready"


def asked_for_in_another_way(tmp_path, settings, lora, air):
    assert publish(lora, settings=settings(air="sandbox:88"), observer=Silent()).status == "ready"


def described_in_another_way(tmp_path, settings, lora, air):
    other = settings(air=air, tags="old", description="another one")
    assert publish(lora, settings=other, observer=Silent()).status == "ready"


def journal_lost(tmp_path, settings, lora, air):
    """The receipt beside the file is all that is left."""
    same_file_ready(tmp_path, settings, lora, air)
    shutil.rmtree(tmp_path / "home")


def journal_and_receipt_lost(tmp_path, settings, lora, air):
    journal_lost(tmp_path, settings, lora, air)
    lora.with_name(lora.name + ".rw.json").unlink()


def receipt_of_another_file(tmp_path, settings, lora, air):
    """A receipt that came with a copied folder tells of other bytes."""
    same_file_ready(tmp_path, settings, lora, air)
    receipt = lora.with_name(lora.name + ".rw.json")
    told = json.loads(receipt.read_text())
    for entry in told["airs"].values():
        entry["sha256"] = "0" * 64
    receipt.write_text(json.dumps(told))
    shutil.rmtree(tmp_path / "home")


def version_of_the_receipt_given_to_another(tmp_path, settings, lora, air):
    """The journal was lost, and another file has got the version that the receipt tells meanwhile."""
    journal_lost(tmp_path, settings, lora, air)
    taken = next(iter(json.loads(lora.with_name(lora.name + ".rw.json").read_text())["airs"]))
    assert publish(another(tmp_path, lora), settings=settings(air=taken), observer=Silent()).status == "ready"


STATES = [
    nothing, same_file_ready, same_file_failed, same_file_cancelled, same_file_elsewhere, asked_for_in_another_way,
    described_in_another_way, other_file_ready, other_file_failed, journal_lost,
    journal_and_receipt_lost, receipt_of_another_file, version_of_the_receipt_given_to_another,
]  # fmt: skip


@pytest.mark.parametrize("air", [None, "sandbox:77", "sandbox:77@5"])
@pytest.mark.parametrize("state", STATES)
def test_explain_and_publish_agree_on_the_air(tmp_path, settings, lora, state, air):
    state(tmp_path, settings, lora, air)
    [explained] = explain([lora], settings(air=air))
    published = publish(lora, settings=settings(air=air), observer=Silent())
    assert published.status == "ready", published.error
    assert explained.air == published.air
    assert {**explained.model, "downloadURL": published.model["downloadURL"]} == published.model
    assert {**explained.sources, "downloadURL": "host"} == published.sources


def test_a_version_is_counted_whatever_became_of_its_file(tmp_path, settings, lora):
    other_file_failed(tmp_path, settings, lora, "sandbox:77")
    [explained] = explain([lora], settings(air="sandbox:77"))
    assert explained.air == "sandbox:77@2"


def test_explaining_reserves_nothing(tmp_path, settings, lora):
    for _ in range(2):
        [explained] = explain([lora], settings(air="sandbox:77"))
        assert explained.air == "sandbox:77@1"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "call",
    [
        lambda paths, options: publish_all(paths, options(), Silent()),
        lambda paths, options: publish_all(paths, options(dry_run=True), Silent()),
        lambda paths, options: explain(paths, options()),
    ],
    ids=["publish", "dry run", "explain"],
)
def test_a_complete_air_is_for_one_file(tmp_path, sandbox, settings, lora, call):
    paths = [lora, shutil.copy(lora, tmp_path / "other.safetensors")]
    with pytest.raises(UsageError, match="2 files; nothing was sent") as refused:
        list(call(paths, lambda **options: settings(air="sandbox:9@1", **options)))
    assert refused.value.code == "one_air_many_files"
    assert not sandbox.world.models
