"""The process that uploads: what it is told, what it leaves behind, and how it ends."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rw_hooks.hosts import HostConfig, HostedFile, open_host
from rw_hooks.hosts.hub.client import known_addition
from rw_hooks.support.deadline import Deadline
from tests.doubles.hub import HubDouble
from tests.doubles.proxy import Proxy, Trouble

AUTHORITIES = Path(__file__).parents[1] / "data" / "tls" / "localhost.pem"

needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at processes through /proc")


def quiet(done: int, total: int) -> None:
    """Take progress and say nothing."""


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def upload_processes(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task").glob("*/children")
    processes = [int(word) for path in children for word in path.read_text().split()]
    return [process for process in processes if b"hosts.hub.child" in Path(f"/proc/{process}/cmdline").read_bytes()]


def runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@needs_proc
def test_no_secret_is_in_the_arguments_environment_or_files_of_the_process(
    config: HostConfig, hub: HubDouble, file: HostedFile, deadline: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "RUNWARE_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary-" + hub.token)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITIES))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    hub.hang("lfs-put")
    with ThreadPoolExecutor() as pool:
        upload = pool.submit(open_host("hf://ada/maya", config).upload, file, quiet, deadline)
        wait_until(lambda: hub.calls("lfs-put") > 0)
        (child,) = upload_processes(os.getpid())
        arguments, environment = (Path(f"/proc/{child}/{part}").read_bytes() for part in ("cmdline", "environ"))
        hub.closing.set()
    assert upload.result().revision == hub.repos["ada/maya"].head

    assert hub.token.encode() not in arguments + environment
    assert b"canary" not in environment
    assert b"https_proxy=http://127.0.0.1:9" in environment
    assert b"REQUESTS_CA_BUNDLE=%b\0" % bytes(AUTHORITIES) in environment
    assert b"HF_HUB_DISABLE_TELEMETRY=1" in environment
    left = [path for path in config.home.rglob("*") if path.is_file()]
    assert not [path for path in left if hub.token.encode() in path.read_bytes()]
    assert not runs(child)


@needs_proc
def test_the_process_dies_with_its_parent(config: HostConfig, hub: HubDouble, file: HostedFile) -> None:
    hub.hang("lfs-put", times=9)
    script = (
        "import sys; from pathlib import Path; from pydantic import SecretStr\n"
        "from rw_hooks.support.deadline import Deadline; from rw_hooks.hosts import HostConfig, HostedFile, open_host\n"
        "config = HostConfig(Path(sys.argv[1]), hf_endpoint=sys.argv[2], hf_token=SecretStr(sys.stdin.readline()))\n"
        "file = HostedFile.model_validate_json(sys.argv[3])\n"
        "open_host('hf://ada/maya', config).upload(file, print, Deadline.after(60))\n"
    )
    arguments = [sys.executable, "-c", script, str(config.home), hub.url, file.model_dump_json()]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": root}) as parent:
        assert parent.stdin is not None
        parent.stdin.write(hub.token.encode())
        parent.stdin.close()
        wait_until(lambda: hub.calls("lfs-put") > 0)
        (child,) = upload_processes(parent.pid)
        parent.kill()
        parent.wait()
        wait_until(lambda: not runs(child))


@pytest.mark.parametrize("after", [0, 300_000])
def test_a_connection_that_breaks_while_uploading_is_survived(
    config: HostConfig, hub: HubDouble, file: HostedFile, deadline: Deadline, after: int
) -> None:
    with Proxy(hub.cdn_url) as proxy:
        proxy.add(Trouble("reset", after=after))
        hub.cdn_front = proxy.url
        open_host("hf://ada/maya", config).upload(file, quiet, deadline)

    assert hashlib.sha256(hub.objects[file.sha256]).hexdigest() == file.sha256
    assert (hub.counts["commits"], hub.counts["uploads"]) == (1, 1)


def test_a_connection_that_stalls_is_given_up_by_the_watchdog(
    config: HostConfig, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    with Proxy(hub.cdn_url) as proxy:
        proxy.add(Trouble("stall", after=200_000))
        hub.cdn_front = proxy.url
        open_host("hf://ada/maya", dataclasses.replace(config, stall_seconds=3.0)).upload(file, quiet, deadline)

        assert proxy.connections == 2
    assert (hub.counts["commits"], hub.counts["uploads"]) == (1, 1)


def test_the_client_is_handed_the_hash_and_reads_only_a_sample(file: HostedFile) -> None:
    announced = "ab" * 32
    addition = known_addition("maya.safetensors", str(file.path), announced, file.size)

    assert addition.upload_info.sha256.hex() == announced
    assert addition.upload_info.size == file.size
    assert file.path is not None
    assert addition.upload_info.sample == file.path.read_bytes()[:512]


def test_a_client_with_another_inside_hashes_by_itself(file: HostedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rw_hooks.hosts.hub.client._KnownAddition.with_hash", None)
    addition = known_addition("maya.safetensors", str(file.path), "ab" * 32, file.size)

    assert addition.upload_info.sha256.hex() == file.sha256
