from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import pytest
from pydantic import SecretStr

from rw_hooks.errors import ArtifactChangedError, RefusedError, UnreachableError
from rw_hooks.hosts import HostedFile, Preflight, preflight
from rw_hooks.support.deadline import Deadline
from tests.doubles.fileserver import FileServer, Page
from tests.doubles.proxy import Proxy, Trouble
from tests.hosts.conftest import MakeFile


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as server:
        yield server


@pytest.fixture
def content(file: HostedFile) -> bytes:
    assert file.path is not None
    return file.path.read_bytes()


def look(
    url: str, file: HostedFile, *, verify: Literal["auto", "full"] = "auto", private: bool = True, seconds: float = 10.0
) -> Preflight:
    deadline = Deadline.after(seconds)
    return preflight(SecretStr(url), file, verify=verify, allow_private_addresses=private, deadline=deadline)


def test_header_and_tail_are_compared_where_ranges_are_served(
    server: FileServer, file: HostedFile, content: bytes
) -> None:
    server.pages["/f"] = Page(content, get_only=True)

    assert look(server.url + "/f", file).method == "ranges"
    fetched = [headers["range"] for _, _, headers in server.seen]
    assert fetched == ["bytes=0-262143", "bytes=437856-699999"]


def test_everything_is_hashed_when_asked_for(server: FileServer, file: HostedFile, content: bytes) -> None:
    server.pages["/f"] = Page(content)

    assert look(server.url + "/f", file, verify="full").method == "full"
    assert [("range" in headers) for _, _, headers in server.seen] == [False]


@pytest.mark.parametrize("known", ["local", "remote only"])
def test_everything_is_hashed_where_nothing_less_can_tell(
    server: FileServer, file: HostedFile, content: bytes, known: str
) -> None:
    server.pages["/f"] = Page(content, ranges=known == "remote only")
    there = file if known == "local" else file.model_copy(update={"path": None})

    assert look(server.url + "/f", there).method == "full"


def test_the_hubs_own_hash_is_enough_with_the_first_bytes(server: FileServer, file: HostedFile, content: bytes) -> None:
    server.pages["/f"] = Page(status=302, headers={"Location": "/cdn", "X-Linked-Etag": f'"{file.sha256}"'})
    server.pages["/cdn"] = Page(content)

    assert look(server.url + "/f", file).method == "linked-etag"
    assert look(server.url + "/f", file.model_copy(update={"path": None})).method == "linked-etag"


def test_nothing_that_tells_who_we_are_is_sent(
    server: FileServer, file: HostedFile, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
    server.pages["/f"] = Page(status=302, headers={"Location": "/cdn", "Set-Cookie": "who=me"})
    server.pages["/cdn"] = Page(content)
    look(server.url + "/f?sig=1", file)

    for _, _, headers in server.seen:
        assert not {"authorization", "cookie", "referer"} & set(headers)


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(status=401), "url_not_public"),
        (Page(status=403), "url_not_public"),
        (Page(status=404), "url_not_public"),
        (Page(status=410), "url_not_public"),
        (Page(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}), "url_is_page"),
        (Page(status=302, headers={"Location": "/loop"}), "url_redirects"),
        (Page(status=302, headers={"Location": "https://127.0.0.1/x"}), "url_redirects"),
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), "url_redirects"),
        (Page(b"x" * 699_999), "hosted_size_differs"),
        (Page(b"x" * 700_001, ranges=False), "hosted_size_differs"),
        (Page(b"x" * 700_000), "hosted_bytes_differ"),
        (Page(b"x" * 700_000, ranges=False), "hosted_bytes_differ"),
        (Page(b"x" * 700_000, headers={"X-Linked-Etag": "0" * 64}), "hosted_bytes_differ"),
    ],
)
def test_what_a_stranger_does_not_get_is_refused_with_the_mend(
    server: FileServer, file: HostedFile, page: Page, code: str
) -> None:
    server.pages["/loop"] = page
    with pytest.raises(RefusedError) as refused:
        look(server.url + "/loop?sig=s3cret", file)

    assert refused.value.code == code
    assert refused.value.hint
    assert "s3cret" not in str(refused.value.as_json())


def test_a_difference_in_the_tail_is_seen(server: FileServer, file: HostedFile, content: bytes) -> None:
    server.pages["/f"] = Page(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(RefusedError, match="other bytes at 437856"):
        look(server.url + "/f", file)


def test_a_difference_in_the_middle_is_seen_when_everything_is_hashed(server: FileServer, make_file: MakeFile) -> None:
    file = make_file()
    assert file.path is not None
    good = file.path.read_bytes()
    server.pages["/f"] = Page(good[:350_000] + os.urandom(8) + good[350_008:])
    with pytest.raises(RefusedError, match="sha256"):
        look(server.url + "/f", file, verify="full")


def test_private_addresses_are_out_of_bounds_unless_allowed(
    server: FileServer, file: HostedFile, content: bytes
) -> None:
    server.pages["/f"] = Page(content)
    with pytest.raises(RefusedError) as refused:
        look(server.url + "/f", file, private=False)

    assert refused.value.code == "url_is_private"
    assert server.seen == []


def test_a_file_that_is_gone_here_is_told(server: FileServer, file: HostedFile, content: bytes) -> None:
    server.pages["/f"] = Page(content)
    assert file.path is not None
    file.path.unlink()
    with pytest.raises(ArtifactChangedError):
        look(server.url + "/f", file)


def test_passing_trouble_is_survived(server: FileServer, file: HostedFile, content: bytes) -> None:
    server.pages["/f"] = Page(content, failures=2)

    assert look(server.url + "/f", file).method == "ranges"


def test_a_server_that_keeps_failing_is_unreachable(server: FileServer, file: HostedFile) -> None:
    server.pages["/f"] = Page(status=503)
    with pytest.raises(UnreachableError) as away:
        look(server.url + "/f", file, seconds=1.0)

    assert "rw-hooks resume" in away.value.hint


def test_nobody_there_is_unreachable(file: HostedFile) -> None:
    with pytest.raises(UnreachableError):
        look("http://127.0.0.1:9/f", file, seconds=0.5)


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("refuse"),
        Trouble("reset", after=40_000, upstream=False),
        Trouble("half-close", after=40_000, upstream=False),
    ],
    ids=lambda trouble: trouble.kind,
)
def test_a_broken_connection_is_survived(
    server: FileServer, file: HostedFile, content: bytes, trouble: Trouble
) -> None:
    server.pages["/f"] = Page(content, ranges=False)
    with Proxy(server.url) as proxy:
        proxy.add(trouble)
        assert look(proxy.url + "/f", file).method == "full"
        assert proxy.connections == 2


def test_a_slow_drip_ends_with_the_deadline(server: FileServer, file: HostedFile, content: bytes) -> None:
    server.pages["/f"] = Page(content, ranges=False)
    with Proxy(server.url) as proxy:
        proxy.add(Trouble("drip", after=500, upstream=False, pause=0.02), times=9)
        with pytest.raises(UnreachableError):
            look(proxy.url + "/f", file, seconds=0.6)
