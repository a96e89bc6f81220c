"""``rw-hooks sandbox`` as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from safetensors.numpy import save_file

from rw_hooks.sandbox import Sandbox, SandboxSettings


@contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from rw_hooks.cli import main; main()", "sandbox", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _upload(addresses: dict[str, str], folder: Path) -> None:
    save_file({"weight": np.ones((2, 2), np.float32)}, folder / "a.safetensors")
    task = {
        "taskType": "modelUpload",
        "taskUUID": str(uuid.uuid4()),
        "category": "lora",
        "architecture": "sd1x",
        "format": "safetensors",
        "air": "sandbox:1@1",
        "name": "A \x1b[31mmodel",
        "version": "v1",
        "downloadURL": addresses["files_url"] + "a.safetensors?signature=secret",
    }
    headers = {"Authorization": f"Bearer {addresses['key']}"}
    reply = httpx.post(addresses["api_url"], json=[task], headers=headers, trust_env=False, verify=False)
    assert reply.status_code == 200, reply.text


def test_it_prints_what_a_user_needs_and_a_line_an_upload(tmp_path: Path) -> None:
    with _running("--folder", str(tmp_path), "--delay", "0") as process:
        lines = [_line(process)]
        while "It serves" not in lines[-1]:
            lines.append(_line(process))
        text = "".join(lines)
        addresses = {
            "api_url": re.findall(r"RUNWARE_API_URL[ =']*(http://127\.0\.0\.1:\d+/v1)", text)[0],
            "files_url": re.findall(r"url=(http://127\.0\.0\.1:\d+/)", text)[0],
            "key": re.findall(r"RUNWARE_API_KEY[ =']*(\S+)", text)[0],
        }
        assert re.search(r"RUNWARE_WS_URL[ =']*ws://127\.0\.0\.1:\d+/v1", text)
        assert f"dir://{tmp_path.as_uri().removeprefix('file://')}?url=" in text
        _upload(addresses, tmp_path)
        line = _line(process) or _line(process)
        line = line if line.strip() else _line(process)
    assert line.startswith("ready  sandbox:1@1  lora sd1x ")
    assert "\x1b" not in line
    assert "secret" not in line


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    with _running("--folder", str(tmp_path), "--delay", "0", "--json") as process:
        addresses = json.loads(_line(process))
        _upload(addresses, tmp_path)
        upload = json.loads(_line(process))
    assert set(addresses) == {"api_url", "ws_url", "key", "folder", "files_url", "host"}
    assert upload["model"]["downloadURL"] == addresses["files_url"] + "a.safetensors"
    assert (upload["air"], upload["status"], upload["model"]["category"]) == ("sandbox:1@1", "ready", "lora")


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent Ctrl-C alone on Windows")
def test_ctrl_c_ends_it_cleanly() -> None:
    with _running("--json") as process:
        folder = Path(json.loads(_line(process))["folder"])
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not folder.exists()


def test_a_port_in_use_is_a_message_not_a_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-c", "from rw_hooks.cli import main; main()", "sandbox", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_pinned_ports_are_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, ws_port = one.getsockname()[1], other.getsockname()[1]
    with Sandbox(settings=SandboxSettings(port=port, ws_port=ws_port)) as sandbox:
        assert sandbox.api_url == f"http://127.0.0.1:{port}/v1"
        assert sandbox.ws_url == f"ws://127.0.0.1:{ws_port}/v1"
