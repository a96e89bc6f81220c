from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rw_hooks.artifact import inspect
from rw_hooks.errors import ArtifactChangedError, ArtifactError, MissingError, UsageError
from tests.artifact.making import adapter_layer, write


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of several buffers, whose length is no multiple of any."""
    random = np.random.default_rng(0)
    arrays = {f"layer{number}.weight": random.normal(size=1_000_003).astype(np.float16) for number in range(10)}
    return write(tmp_path / "large.safetensors", arrays, {"format": "pt"})


def test_hashes_are_those_of_the_file_and_of_its_data(large: Path) -> None:
    raw = large.read_bytes()
    header = int.from_bytes(raw[:8], "little")
    found = inspect(large)
    assert found.sha256 == hashlib.sha256(raw).hexdigest()
    assert found.autov2 == found.sha256[:10]
    assert found.data_sha256 == hashlib.sha256(raw[8 + header :]).hexdigest()
    assert found.autov3 == found.data_sha256[:12]
    assert found.size == len(raw)


def test_metadata_changes_sha256_and_not_autov3(tmp_path: Path) -> None:
    layer = adapter_layer("lora_unet_a")
    one = inspect(write(tmp_path / "1.safetensors", layer, {"a": "1"}))
    two = inspect(write(tmp_path / "2.safetensors", layer, {"a": "22"}))
    assert one.sha256 != two.sha256
    assert one.autov3 == two.autov3


def test_a_broken_file_is_hashed_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "page.safetensors"
    path.write_bytes(b"<html>" + b"x" * 3_000_000)
    found = inspect(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.autov3 is None


def test_header_only_reads_no_numbers(large: Path) -> None:
    found = inspect(large, header_only=True)
    assert (found.sha256, found.autov2, found.autov3) == (None, None, None)
    assert found.tensors == 10


def test_a_private_copy_holds_the_bytes_that_were_hashed(large: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    found = inspect(large, copy_to=copy)
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == found.sha256
    if os.name == "posix":
        assert copy.stat().st_mode & 0o777 == 0o600


def test_a_copy_that_cannot_be_written_names_the_mend(large: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="private copy") as caught:
        inspect(large, copy_to=tmp_path / "no" / "folder" / "copy")
    assert "--staging" in caught.value.hint


def test_progress_counts_up_to_the_size(large: Path) -> None:
    seen: list[tuple[int, int]] = []
    inspect(large, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (large.stat().st_size, large.stat().st_size)


def _rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"zz")


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("change", [_rewrite, _grow, _replace, os.remove])
def test_a_file_that_changes_while_it_is_read_is_refused(large: Path, change: object) -> None:
    os.utime(large, ns=(1, 1))
    changed = threading.Event()

    def once(_done: int, _total: int) -> None:
        if not changed.is_set():
            changed.set()
            change(large)  # type: ignore[operator] # each takes a path

    copy = large.with_suffix(".copy")
    with pytest.raises(ArtifactChangedError) as caught:
        inspect(large, progress=once, copy_to=copy)
    assert caught.value.code == "artifact_changed"
    assert not copy.exists()


def test_a_fault_in_the_second_thread_reaches_the_caller(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rw_hooks.artifact.read.numbers import Scanner

    def fail(_self: Scanner, _data: memoryview) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(Scanner, "feed", fail)
    with pytest.raises(MemoryError, match="no room"):
        inspect(large)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        inspect(tmp_path / "missing.safetensors")
    with pytest.raises(ArtifactError, match="is a folder") as caught:
        inspect(tmp_path)
    assert caught.value.code == "not_a_file"
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(ArtifactError) as caught:
        inspect(tmp_path)
    assert caught.value.code == "pipeline_folder"
    assert "convert_diffusers_to_original" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)
    listening = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listening))
        for path in (pipe, listening, Path(os.devnull)):
            with pytest.raises(ArtifactError) as caught:
                inspect(path)
            assert caught.value.code == "not_a_file"


def test_blake3_is_an_extra(large: Path) -> None:
    blake3 = pytest.importorskip("blake3")
    assert inspect(large, blake3=True).blake3 == blake3.blake3(large.read_bytes()).hexdigest()
    assert inspect(large).blake3 is None


_COUNT = """
import sys
from rw_hooks.artifact import inspect
inspect(sys.argv[1])
def read(): return int(open("/proc/self/io").read().split()[1])
before = read()
between = read() - before
start = read()
inspect(sys.argv[2])
print(read() - start - between)
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts a process's reads")
def test_every_byte_is_read_once(large: Path, tmp_path: Path) -> None:
    warm = write(tmp_path / "warm.safetensors", adapter_layer("lora_unet_a"))
    command = [sys.executable, "-c", _COUNT, str(warm), str(large)]
    read = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert large.stat().st_size <= read <= large.stat().st_size + 4096
