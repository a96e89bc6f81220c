from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from rw_hooks.errors import ArtifactChangedError, MissingError, RefusedError, UnreachableError, UsageError
from rw_hooks.hosts import Host, HostConfig, HostedFile, open_host
from rw_hooks.support.deadline import Deadline
from tests.hosts.conftest import MakeFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "www files"
    folder.mkdir()
    return folder


@pytest.fixture
def host(folder: Path, tmp_path: Path) -> Host:
    return open_host(f"dir://{quote(str(folder))}?url=https://files.example/loras", HostConfig(tmp_path))


def quiet(done: int, total: int) -> None:
    """Take progress and say nothing."""


def content(file: HostedFile) -> bytes:
    assert file.path is not None
    return file.path.read_bytes()


def test_the_file_is_copied_whole_and_its_name_quoted(
    host: Host, folder: Path, make_file: MakeFile, deadline: Deadline
) -> None:
    file = make_file("maya v1.safetensors")
    steps: list[tuple[int, int]] = []
    location = host.upload(file, lambda done, total: steps.append((done, total)), deadline)

    assert location.url == "https://files.example/loras/maya%20v1.safetensors"
    assert (location.access, host.mint(location, Deadline.after(9)).get_secret_value()) == ("public", location.url)
    assert (folder / file.name).read_bytes() == content(file)
    assert steps[-1] == (file.size, file.size)
    assert [path.name for path in folder.iterdir()] == [file.name]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_web_server_may_read_the_copy(host: Host, folder: Path, file: HostedFile, deadline: Deadline) -> None:
    host.upload(file, quiet, deadline)
    assert (folder / file.name).stat().st_mode & 0o777 == 0o644


def test_the_same_file_is_not_copied_twice(host: Host, folder: Path, file: HostedFile, deadline: Deadline) -> None:
    first = host.upload(file, quiet, deadline)
    before = (folder / file.name).stat()

    assert host.find(file) == host.upload(file, quiet, deadline) == first
    assert (folder / file.name).stat().st_mtime_ns == before.st_mtime_ns


def test_a_name_is_never_taken_from_another_file(
    host: Host, folder: Path, make_file: MakeFile, deadline: Deadline
) -> None:
    old, old_content = (file := make_file()), content(file)
    host.upload(old, quiet, deadline)
    new = make_file()
    location = host.upload(new, quiet, deadline)

    assert location.url == f"https://files.example/loras/maya-{new.sha256[:8]}.safetensors"
    assert (folder / "maya.safetensors").read_bytes() == old_content
    assert host.find(new) == location


def test_without_links_the_name_is_one_that_is_nobody_elses(
    host: Host, folder: Path, file: HostedFile, deadline: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_no_links(path: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, f"no links here: {path}, {target}")

    monkeypatch.setattr(Path, "hardlink_to", has_no_links)
    location = host.upload(file, quiet, deadline)

    assert [path.name for path in folder.iterdir()] == [f"maya-{file.sha256[:8]}.safetensors"]
    assert host.find(file) == location == host.upload(file, quiet, deadline)


def test_a_file_that_changed_after_its_inspection_is_not_shown(
    host: Host, folder: Path, file: HostedFile, deadline: Deadline
) -> None:
    assert file.path is not None
    file.path.write_bytes(os.urandom(file.size))
    with pytest.raises(ArtifactChangedError):
        host.upload(file, quiet, deadline)

    assert list(folder.iterdir()) == []


def test_a_deadline_leaves_nothing_half_done(host: Host, folder: Path, file: HostedFile) -> None:
    with pytest.raises(UnreachableError):
        host.upload(file, quiet, Deadline.after(0))

    assert list(folder.iterdir()) == []


def test_only_our_own_old_leftovers_are_removed(host: Host, folder: Path, file: HostedFile, deadline: Deadline) -> None:
    backup = folder / ".rw-hooks-backup"
    backup.mkdir()
    ours, mine = folder / ".rw-hooks-abcd_123.partial", (folder / ".rw-hooks-notes.txt", backup / "mine.safetensors")
    for path in (ours, *mine):
        path.write_bytes(b"x")
        os.utime(path, (1, 1))
    os.utime(backup, (1, 1))
    host.upload(file, quiet, deadline)
    assert not ours.exists()
    assert all(path.exists() for path in mine)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="is not there"):
        open_host(f"dir://{tmp_path}/nowhere?url=https://x.example", HostConfig(tmp_path)).check()


def test_a_file_is_deleted_only_while_it_holds_those_bytes(
    folder: Path, tmp_path: Path, file: HostedFile, deadline: Deadline
) -> None:
    host = open_host(f"dir://{quote(str(folder))}?url=https://files.example/loras", HostConfig(tmp_path))
    location = host.upload(file, quiet, deadline)
    outside = location.model_copy(update={"url": "https://files.example/loras/..%2Fhome"})
    for other in (outside, location.model_copy(update={"revision": None})):
        with pytest.raises(RefusedError):
            host.delete(other, deadline)
    (folder / file.name).write_bytes(b"somebody else's")
    host.delete(location, deadline)
    assert (folder / file.name).read_bytes() == b"somebody else's"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(host: Host, folder: Path) -> None:
    folder.chmod(0o500)
    with pytest.raises(RefusedError, match="may not be written"):
        host.check()


@pytest.mark.parametrize(
    "url",
    [
        "dir:///srv/files",
        "dir:///srv/files?url=ftp://x.example",
        "dir:///srv/files?url=https://key@x.example",
        "dir://?url=https://x.example",
        "dir://server/files?url=https://x.example",
    ],
)
def test_a_malformed_folder_is_refused_naming_the_option(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--host"):
        open_host(url, HostConfig(tmp_path))
