from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from rw_hooks.artifact import inspect, require_publishable
from rw_hooks.artifact.read.not_safetensors import sniff
from rw_hooks.errors import ArtifactError
from tests.artifact.making import codes

KINDS = [
    (b"<!DOCTYPE html><html><body>404</body></html>", "html_page"),
    (b"\n  <html lang='en'><head>", "html_page"),
    (b"<!-- cached --><HTML>", "html_page"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "xml_page"),
    (b'{"error":"Invalid username or password."}', "json_page"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "lfs_pointer"),
    (b"GGUF\x03\x00\x00\x00" + bytes(40), "gguf"),
    (b"PK\x03\x04" + bytes(60), "zip_archive"),
    (b"\x1f\x8b\x08\x00" + bytes(40), "gzip_archive"),
    (bytes(257).replace(b"\0", b"x") + b"ustar\x0000", "tar_archive"),
    (b"\x89HDF\r\n\x1a\n" + bytes(40), "hdf5"),
    (b"\x93NUMPY\x01\x00" + bytes(40), "numpy"),
    (b"\x89PNG\r\n\x1a\n" + bytes(40), "image"),
    (bytes(512), "zero_filled"),
    (b"This repository is gated. Please log in and accept the licence before downloading.", "text"),
    (b"", "empty_file"),
]


@pytest.mark.parametrize(("content", "code"), KINDS, ids=[f"{number}-{code}" for number, (_, code) in enumerate(KINDS)])
def test_a_file_is_called_what_it_is(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    found = inspect(path)
    assert codes(found) == {code}
    with pytest.raises(ArtifactError) as caught:
        require_publishable(found)
    assert caught.value.code == code
    assert caught.value.exit_code == 3


def test_pytorch_files_come_with_their_conversion(tmp_path: Path) -> None:
    pickled = tmp_path / "model.pt"
    pickled.write_bytes(pickle.dumps({"weight": [1.0] * 50}))
    zipped = tmp_path / "model.ckpt"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", pickled.read_bytes())
    for path, code in ((pickled, "pickle"), (zipped, "zip_archive")):
        finding = inspect(path).findings[0]
        assert finding.code == code
        assert "save_file" in finding.message


def test_a_broken_header_is_not_taken_for_a_pickle_by_its_length(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes((0x0280).to_bytes(8, "little") + b'{"a":1}'.ljust(0x0280))
    assert codes(inspect(path)) == {"bad_tensor"}


def test_unknown_bytes_are_not_named() -> None:
    assert sniff(b"\x17\x99\x42\x00\x00\x00\x00\x00\xf1\xf2\xf3") is None
