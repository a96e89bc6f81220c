from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from rw_hooks.errors import ArtifactError, UsageError
from rw_hooks.integration import choose, read_run
from rw_hooks.integration.unpack import unpack
from tests.doubles.runs import unfold


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A tar as Replicate makes it."""
    folder = unfold("replicate/flux_lora", tmp_path / "source")
    path = tmp_path / "trained_model.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(folder / "output", "output")
    return path


def tar_of(path: Path, members: dict[str, bytes], *links: str) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(member)
    return path


def test_the_result_of_a_hosted_training_is_read_out_of_its_tar(archive: Path, tmp_path: Path) -> None:
    run = read_run(archive, spool=tmp_path / "spool")
    chosen = choose(run).artifacts
    assert run.trainer == "replicate"
    assert [artifact.path.name for artifact in chosen] == ["lora.safetensors"]
    assert chosen[0].path.is_relative_to(tmp_path / "spool")
    again = read_run(chosen[0].path)
    assert again.facts.trigger_words is not None
    assert again.facts.trigger_words.value == ("TOK",)
    assert {path.name for path in chosen[0].path.parent.iterdir()} == {"a.txt", "config.yaml", "lora.safetensors"}


def test_an_archive_is_unpacked_once(archive: Path, tmp_path: Path) -> None:
    first = unpack(archive, tmp_path / "spool")
    stamp = (first / "lora.safetensors").stat().st_mtime_ns
    assert unpack(archive, tmp_path / "spool") == first
    assert (first / "lora.safetensors").stat().st_mtime_ns == stamp


def test_without_a_spool_an_archive_is_refused(archive: Path) -> None:
    with pytest.raises(UsageError, match=r"trained_model\.tar is an archive"):
        read_run(archive)


def test_no_member_can_leave_the_folder(tmp_path: Path) -> None:
    hostile = tar_of(
        tmp_path / "x.tar",
        {"../../../escaped.txt": b"x", "/abs/lora.safetensors": b"weights", "run.sh": b"x", "a/.hidden.txt": b"x"},
        "config.yaml",
    )
    folder = unpack(hostile, tmp_path / "spool")
    assert sorted(path.name for path in folder.iterdir()) == ["escaped.txt", "lora.safetensors"]
    assert not (tmp_path / "escaped.txt").exists()


@pytest.mark.parametrize("names", [[], ["a.safetensors", "b.safetensors"]])
def test_anything_but_one_weights_file_is_refused(names: list[str], tmp_path: Path) -> None:
    path = tar_of(tmp_path / "x.tar", dict.fromkeys(names, b"x"))
    with pytest.raises(ArtifactError, match=f"holds {len(names)} .safetensors files"):
        unpack(path, tmp_path / "spool")
    assert list((tmp_path / "spool").rglob("*.safetensors")) == []


@pytest.mark.parametrize("damage", ["cut", "page"])
def test_a_damaged_archive_is_refused_and_leaves_nothing(damage: str, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"<html>expired</html>")
    with pytest.raises(ArtifactError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "spool")
    assert [path for path in (tmp_path / "spool").rglob("*") if path.is_file()] == []
