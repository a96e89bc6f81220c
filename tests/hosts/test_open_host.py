from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from rw_hooks import hosts
from rw_hooks.errors import MissingError, UsageError
from rw_hooks.hosts import HostConfig, HostedFile, is_private_address, open_host
from rw_hooks.support.deadline import Deadline

TOKEN = SecretStr("hf_" + "x" * 34)


@pytest.fixture
def config(tmp_path: Path) -> HostConfig:
    return HostConfig(tmp_path, hf_endpoint="https://hub.example", hf_token=TOKEN)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hf://",
        "hf://ada",
        "hf://ada/",
        "hf://ada/maya/../x",
        "hf://ada/maya?private=1",
        "hf://ada/maya?public=yes",
        "hf://ada/ma ya",
        "ftp://server/file",
        "user/repo",
        "https://",
        "https://server",
        "http://[::1",
    ],
)
def test_a_malformed_host_is_refused_naming_the_option(url: str, config: HostConfig) -> None:
    with pytest.raises(UsageError, match="--host") as refused:
        open_host(url, config)

    assert refused.value.hint


@pytest.mark.parametrize("url", ["hf://u:canary@ada/maya", "hf://ada/maya?token=canary", "dir://?url=https://canary@x"])
def test_a_refused_host_is_shown_without_secrets(url: str, config: HostConfig) -> None:
    with pytest.raises(UsageError) as refused:
        open_host(url, config)

    assert "canary" not in str(refused.value.as_json())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("hf://ada/maya", "hf://ada/maya"),
        ("hf://ada/maya/loras/", "hf://ada/maya/loras"),
        ("hf://ada/maya?public=0", "hf://ada/maya"),
        ("hf://Ada/Maya/a?public=1", "hf://Ada/Maya/a?public=1"),
        ("https://x.example/a.safetensors?sig=s3cret", "https://x.example/a.safetensors"),
        ("https://key@x.example/a.safetensors", "https://x.example/a.safetensors"),
    ],
)
def test_a_host_shows_itself_without_secrets(url: str, shown: str, config: HostConfig) -> None:
    assert open_host(url, config).url == shown


def test_a_hub_host_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as missing:
        open_host("hf://ada/maya", HostConfig(tmp_path))

    assert "HF_TOKEN" in missing.value.hint


def test_the_token_does_not_show(config: HostConfig) -> None:
    assert TOKEN.get_secret_value() not in repr(config)


@pytest.mark.parametrize(
    ("given", "fetched"),
    [
        ("https://huggingface.co/a/b/blob/main/blob/x.safetensors", "https://huggingface.co/a/b/resolve/main/blob/x.safetensors"),
        ("https://hub.example/a/b/blob/main/x.safetensors", "https://hub.example/a/b/resolve/main/x.safetensors"),
        ("https://huggingface.co/a/b/resolve/main/x.safetensors", "https://huggingface.co/a/b/resolve/main/x.safetensors"),
        ("https://x.example/a/b/blob/main/x.safetensors", "https://x.example/a/b/blob/main/x.safetensors"),
        ("https://huggingface.co.evil.example/a/b/blob/x", "https://huggingface.co.evil.example/a/b/blob/x"),
    ],
)  # fmt: skip
def test_a_page_of_the_hub_becomes_the_file(given: str, fetched: str, config: HostConfig) -> None:
    host = open_host(given, config)
    location = host.find(HostedFile(path=None, name="x", size=1, sha256="0" * 64))
    assert location is not None
    assert (location.url, location.access) == (fetched, "public")


def test_a_secret_url_is_kept_out_of_the_location_and_minted(config: HostConfig) -> None:
    secret = "https://x.example/a.safetensors?sig=s3cret"
    host = open_host(secret, config)
    location = host.find(HostedFile(path=None, name="x", size=1, sha256="0" * 64))
    assert location is not None
    assert "s3cret" not in location.model_dump_json()
    assert location.access == "signed"
    assert host.mint(location, Deadline.after(9)).get_secret_value() == secret


def test_a_third_party_adds_a_scheme(config: HostConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "acme-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (package / "entry_points.txt").write_text(f"[{hosts.ENTRY_POINTS}]\nacme = acme_shelf:AcmeHost\n")
    (tmp_path / "acme_shelf.py").write_text(
        "class AcmeHost:\n    def __init__(self, url, config):\n        self.url = url\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert open_host("acme://bucket/x", config).url == "acme://bucket/x"


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost/x", True),
        ("http://[::1]/x", True),
        ("http://[::ffff:10.0.0.1]/x", True),
        ("http://10.1.2.3/x", True),
        ("http://192.168.1.1/x", True),
        ("http://169.254.169.254/latest/meta-data", True),
        ("http://100.64.0.1/x", True),
        ("http://0.0.0.0/x", True),
        ("http://2130706433/x", True),
        ("https://8.8.8.8/x", False),
        ("https://[2606:4700::1111]/x", False),
        ("https://no-such-name.invalid/x", False),
        ("http://[::1", False),
    ],
)
def test_private_addresses_are_told_from_public_ones(url: str, private: bool) -> None:
    assert is_private_address(url) is private
