from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.sandbox.files import file_at
from tests.sandbox.rawclient import Client

BYTES = bytes(range(100))
needs_links = pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege on Windows")


@pytest.fixture
def url(client: Client) -> str:
    (client.sandbox.folder / "a b.bin").write_bytes(BYTES)
    return f"{client.sandbox.files_url}a%20b.bin"


def _get(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    return httpx.request(method, url, headers=headers, trust_env=False, verify=False)


def test_a_file_is_served_whole(url: str) -> None:
    reply = _get(url)
    assert (reply.status_code, reply.content) == (200, BYTES)
    assert reply.headers["Content-Type"] == "application/octet-stream"


def test_head_tells_the_same_without_the_bytes(url: str) -> None:
    head, get = _get(url, "HEAD"), _get(url)
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in ("ETag", "Content-Length")] == [
        get.headers[name] for name in ("ETag", "Content-Length")
    ]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("0-0", 0, 1), ("10-19", 10, 20), ("90-", 90, 100), ("-5", 95, 100), ("95-200", 95, 100)],
)
def test_a_range_is_served_alone(url: str, wanted: str, start: int, end: int) -> None:
    reply = _get(url, Range=f"bytes={wanted}")
    assert (reply.status_code, reply.content) == (206, BYTES[start:end])
    assert reply.headers["Content-Range"] == f"bytes {start}-{end - 1}/100"


@pytest.mark.parametrize("wanted", ["100-", "5-2", "-0"])
def test_a_range_without_bytes_is_refused(url: str, wanted: str) -> None:
    reply = _get(url, Range=f"bytes={wanted}")
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, "bytes */100")


@pytest.mark.parametrize("wanted", ["bytes=-", "bytes=0-2,5-6", "lines=1-2", "bytes=x"])
def test_a_range_that_is_not_understood_is_ignored(url: str, wanted: str) -> None:
    assert _get(url, Range=wanted).status_code == 200


def test_the_whole_file_as_a_range_is_partial_content(url: str) -> None:
    assert _get(url, Range="bytes=0-").status_code == 206


def test_etags_are_honoured_and_change_with_the_file(client: Client, url: str) -> None:
    etag = _get(url).headers["ETag"]
    assert _get(url, **{"If-None-Match": etag}).status_code == 304
    assert _get(url, Range="bytes=0-1", **{"If-Range": '"other"'}).status_code == 200
    assert _get(url, Range="bytes=0-1", **{"If-Range": etag}).status_code == 206
    (client.sandbox.folder / "a b.bin").write_bytes(BYTES + b"!")
    assert _get(url).headers["ETag"] != etag


def test_an_empty_file_is_a_file(client: Client) -> None:
    (client.sandbox.folder / "empty").touch()
    reply = _get(f"{client.sandbox.files_url}empty")
    assert (reply.status_code, reply.content) == (200, b"")


def test_a_file_in_a_folder_is_served(client: Client) -> None:
    (client.sandbox.folder / "sub").mkdir()
    (client.sandbox.folder / "sub" / "x").write_bytes(b"x")
    assert _get(f"{client.sandbox.files_url}sub/x?signed=1").content == b"x"


def _raw_status(sandbox: Sandbox, target: str) -> int:
    """Ask for a target just as it is written; a client library would tidy it up."""
    port = urlsplit(sandbox.files_url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/../secret",
        "/%2e%2e/secret",
        "/sub/../../secret",
        "/sub/%2e%2e%2f%2e%2e%2fsecret",
        "/..%5csecret",
        "//secret",
        "/./secret",
        "/.hidden",
        "/sub/",
        "/sub",
        "/%00",
        "/C:/secret",
        "secret",
        "/nowhere",
    ],
)
def test_nothing_outside_the_folder_is_served(client: Client, target: str) -> None:
    folder = client.sandbox.folder
    (folder.parent / "secret").write_bytes(b"secret")
    (folder / "sub").mkdir()
    (folder / ".hidden").touch()
    assert _raw_status(client.sandbox, target) == 404


@needs_links
@pytest.mark.parametrize("target", ["/link", "/linked/secret"])
def test_no_link_leads_outside_the_folder(client: Client, target: str) -> None:
    folder = client.sandbox.folder
    (folder.parent / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "linked").symlink_to(folder.parent, target_is_directory=True)
    assert _raw_status(client.sandbox, target) == 404


@needs_links
def test_a_link_within_the_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert file_at(tmp_path, "/link") == (tmp_path / "real").resolve()


def test_a_made_up_host_name_gets_no_file(url: str) -> None:
    assert _get(url, Host="evil.example:80").status_code == 403


def test_only_loopback_listens(client: Client) -> None:
    for url in (client.sandbox.api_url, client.sandbox.ws_url, client.sandbox.files_url):
        assert urlsplit(url).hostname == "127.0.0.1"


def test_a_port_in_use_is_an_error_and_leaves_nothing_open(client: Client) -> None:
    taken = urlsplit(client.sandbox.ws_url).port or 0
    with pytest.raises(OSError, match=r"[Aa]ddress|in use|10048"), Sandbox(settings=SandboxSettings(ws_port=taken)):
        pass


def test_without_a_folder_it_makes_and_removes_one() -> None:
    with Sandbox() as sandbox:
        assert sandbox.folder.is_dir()
    assert not sandbox.folder.exists()
