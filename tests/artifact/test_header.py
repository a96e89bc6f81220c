from __future__ import annotations

import json
from pathlib import Path

import pytest

from rw_hooks.artifact import inspect
from rw_hooks.artifact.read.header import Header, HeaderError, header_length, parse_header
from tests.artifact.making import codes, header_bytes

MALFORMED = Path(__file__).parents[1] / "data" / "malformed"
VERDICTS: dict[str, bool] = json.loads((MALFORMED / "verdicts.json").read_text())["accepted"]
# What the official library lets pass and we do not, by the finding that stops it.
STRICTER = {
    "ok_metadata_only": "no_tensors",
    "ok_empty_header_object": "no_tensors",
    "duplicate_key_same": "duplicate_name",
    "duplicate_key_different": "duplicate_name",
    "metadata_duplicate_inner_key": "duplicate_name",
    "name_empty": "bad_name",
    "name_with_newline": "bad_name",
    "name_long_64k": "bad_name",
}
ENTRY = '{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_a_file_passes_only_where_the_official_library_lets_it_pass(name: str) -> None:
    found = inspect(MALFORMED / f"{name}.safetensors", header_only=True)
    assert found.valid is (VERDICTS[name] and name not in STRICTER), found.findings


@pytest.mark.parametrize(("name", "code"), STRICTER.items())
def test_where_the_official_library_is_blind_we_are_not(name: str, code: str) -> None:
    assert VERDICTS[name]
    assert code in codes(inspect(MALFORMED / f"{name}.safetensors"), "error")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("pickle_renamed", "pickle"),
        ("zip_renamed", "zip_archive"),
        ("gguf_renamed", "gguf"),
        ("html_error_page", "html_page"),
        ("git_lfs_pointer", "lfs_pointer"),
        ("empty_file", "empty_file"),
        ("truncated_by_one", "truncated"),
        ("trailing_one_byte", "trailing_bytes"),
        ("header_len_beyond_file", "truncated"),
        ("header_len_max_u64", "header_too_large"),
        ("offset_hole", "bad_layout"),
        ("offset_overlap", "bad_layout"),
        ("shape_wraps_to_16_bytes", "bad_layout"),
        ("metadata_int_value", "bad_metadata"),
        ("dtype_lowercase", "bad_dtype"),
        ("nested_depth_10000", "header_json"),
        ("name_lone_surrogate", "header_json"),
    ],
)
def test_a_bad_file_is_called_what_it_is(name: str, code: str) -> None:
    found = inspect(MALFORMED / f"{name}.safetensors")
    assert codes(found, "error") == {code}
    assert found.sha256 is not None


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (f'{{"a":{ENTRY},"a":{ENTRY}}}', "duplicate_name"),
        (f'{{"a":{ENTRY},"\\u0061":{ENTRY}}}', "duplicate_name"),
        ('{"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}}', "duplicate_name"),
        ('{"a":{"dtype":"U8","shape":[-0,2],"data_offsets":[0,2]}}', "bad_tensor"),
        ('{"a":{"dtype":"U8","shape":[true,2],"data_offsets":[0,2]}}', "bad_tensor"),
        ('{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}', "bad_tensor"),
        ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":{"y":1}}}', "bad_tensor"),
        ('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1e999}}', "header_json"),
        ('{"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,2]}}', "bad_tensor"),
        ('{"a":{"dtype":"U8","shape":[9223372036854775808,2,0],"data_offsets":[0,0]}}', "bad_layout"),
        ('{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}', "bad_layout"),
        ('{"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,2]}}', "header_json"),
        ('["a"]', "header_json"),
        ("{}", "no_tensors"),
    ],
)
def test_a_header_breaks_a_rule(header: str, code: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_header(header.encode(), 2)
    assert caught.value.finding.code == code


def test_an_unknown_scalar_field_is_only_mentioned() -> None:
    entry = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"note":"x"}}'
    header = parse_header(entry.encode(), 2)
    assert [finding.code for finding in header.findings] == ["unknown_field"]


def test_tensors_come_in_the_order_of_their_bytes() -> None:
    entries = {
        "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "__metadata__": {"format": "pt"},
    }
    header = parse_header(json.dumps(entries).encode(), 8)
    assert [(tensor.name, tensor.elements) for tensor in header.tensors] == [("a", 2), ("b", 1)]
    assert header.metadata == {"format": "pt"}


def test_the_length_is_judged_before_anything_is_read() -> None:
    assert header_length((10).to_bytes(8, "little"), 18) == 10
    for claimed, size in ((11, 18), (100_000_001, 200_000_000), (2**64 - 1, 100), (0, 7)):
        with pytest.raises(HeaderError):
            header_length(claimed.to_bytes(8, "little"), size)


def test_fifty_thousand_tensors_are_fine() -> None:
    entries = {
        f"tensor.{number}": {"dtype": "U8", "shape": [1], "data_offsets": [number, number + 1]}
        for number in range(50_000)
    }
    header = parse_header(json.dumps(entries).encode(), 50_000)
    assert isinstance(header, Header)
    assert len(header.tensors) == 50_000


def test_a_header_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    entry = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    path = tmp_path / "large.safetensors"
    path.write_bytes((100_000_000).to_bytes(8, "little") + entry.ljust(100_000_000) + b"\x01")
    assert inspect(path, header_only=True).valid
    path.write_bytes((100_000_001).to_bytes(8, "little") + entry.ljust(100_000_001) + b"\x01")
    assert codes(inspect(path, header_only=True)) == {"header_too_large"}


@pytest.mark.parametrize("bomb", [b"[" * 4_000_000, b"[" + b"0," * 21_000_000 + b"0]"])
def test_a_header_built_to_exhaust_the_reader_is_refused(tmp_path: Path, bomb: bytes) -> None:
    path = tmp_path / "bomb.safetensors"
    path.write_bytes(header_bytes(bomb))
    assert codes(inspect(path, header_only=True)) == {"header_json"}
