"""The parent of the upload process: starts it, watches its progress, and kills it when there is none.

The process gets the token through its standard input, never through its arguments or environment. The time without
progress counts only while this process runs, so a suspended machine does not stop an upload.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from pydantic import SecretStr

from rw_hooks.errors import RwHooksError, UnreachableError
from rw_hooks.hosts.hub.errors import refusal
from rw_hooks.hosts.protocol import HostConfig, Progress
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.private_files import private_folder

__all__ = ["Upload", "run"]

_TICK = 0.25
_START_SECONDS = 60.0  # a busy machine imports the client slowly
_BAD_REQUEST = 400
_KEPT = frozenset({
    "PATH", "HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT",
    "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
})  # fmt: skip


@dataclass(frozen=True)
class Upload:
    """One file to one path of one repository, in one commit.

    Attributes:
        endpoint: The Hub's address.
        token: The Hugging Face token.
        repo: ``user/name``.
        path_in_repo: The file's path in the repository.
        file: The file's path on this machine.
        size: Bytes.
        sha256: The file's sha256; the client does not compute it again.
        parent: The commit that must still be the newest one; otherwise no commit is made.
        xet: Whether the client may use Xet.
    """

    endpoint: str
    token: str = field(repr=False)
    repo: str
    path_in_repo: str
    file: str
    size: int
    sha256: str
    parent: str
    xet: bool


def run(upload: Upload, config: HostConfig, progress: Progress, deadline: Deadline) -> str:
    """Upload in a separate process, and return the commit.

    Raises:
        RefusedError: The Hub refused.
        UnreachableError: The Hub is unreachable, the upload was stuck, the deadline passed, or (``hub_conflict``) the
            repository received another commit meanwhile.
    """
    process = _start(upload, config.home)
    try:
        reach("hub.child.started")
        return _follow(process, upload, config.stall_seconds, progress, deadline)
    finally:
        _kill(process)


def _start(upload: Upload, home: Path) -> subprocess.Popen[str]:
    folder = private_folder(home / "hub")
    process = subprocess.Popen(
        [sys.executable, "-m", "rw_hooks.hosts.hub.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        cwd=folder,
        env=_environment(os.environ, upload, folder),
        start_new_session=True,
    )
    with suppress(OSError):  # a process that died at once is reported as such
        _stream(process.stdin).write(json.dumps(asdict(upload)) + "\n")
        _stream(process.stdin).flush()
    return process


def _environment(environ: Mapping[str, str], upload: Upload, folder: Path) -> dict[str, str]:
    """Return the child's environment: the user's proxies and CA certificates, no secrets and no client settings."""
    kept = {name: value for name, value in environ.items() if name.upper() in _KEPT}
    package = str(Path(__file__).resolve().parents[3])
    settings = {
        "PYTHONPATH": os.pathsep.join(filter(None, [package, environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        "HF_ENDPOINT": upload.endpoint,
        "HF_HOME": str(folder),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    }
    if kept.get("SSL_CERT_FILE") and not kept.get("REQUESTS_CA_BUNDLE"):
        settings["REQUESTS_CA_BUNDLE"] = kept[
            "SSL_CERT_FILE"
        ]  # which of these the Hub's client uses depends on its version
    if not upload.xet:
        settings["HF_HUB_DISABLE_XET"] = "1"
    return {**kept, **settings}


def _follow(
    process: subprocess.Popen[str], upload: Upload, stall_seconds: float, progress: Progress, deadline: Deadline
) -> str:
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    last_words: deque[str] = deque(maxlen=5)
    threads = [
        threading.Thread(target=_forward, args=(_stream(process.stdout), lines), daemon=True),
        threading.Thread(target=last_words.extend, args=(_lines(_stream(process.stderr)),), daemon=True),
    ]
    for thread in threads:
        thread.start()
    silent, allowed = 0.0, max(stall_seconds, _START_SECONDS)
    while True:
        if deadline.passed:
            raise _stuck(upload, "the time limit was reached")
        before = time.monotonic()
        try:
            line = lines.get(timeout=_TICK)
        except queue.Empty:
            silent += min(time.monotonic() - before, 2 * _TICK)
            if silent >= allowed:
                raise _stuck(upload, f"no byte was sent for {silent:.0f} seconds") from None
            continue
        if line is None:
            threads[1].join(_TICK)
            raise _failed(upload, {"message": "the upload process ended: " + " ".join(last_words)})
        silent, allowed = 0.0, stall_seconds
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "done":
            progress(upload.size, upload.size)
            return str(event["commit"])
        if event["event"] == "failed":
            raise _failed(upload, event)
        if event["event"] == "moved":
            reach("hub.child.moved")
            progress(min(event["done"], upload.size), upload.size)


def _forward(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in _lines(stream):
        lines.put(line)
    lines.put(None)


def _lines(stream: IO[str]) -> Iterator[str]:
    """Yield the lines of the process until it ends, or until we close the pipe."""
    with suppress(ValueError, OSError):
        yield from stream


def _stuck(upload: Upload, what: str) -> RwHooksError:
    return UnreachableError(
        "hub_upload_stuck", f"the upload of {upload.path_in_repo} to {upload.repo} was stopped: {what}",
        hint="nothing is lost; run 'rw-hooks resume' to continue, with HF_HUB_DISABLE_XET=1 if it stops again",
    )  # fmt: skip


def _failed(upload: Upload, event: Mapping[str, Any]) -> RwHooksError:
    status = event.get("status") or (_BAD_REQUEST if event.get("refused") else None)
    return refusal(status, str(event.get("message")), what=upload.repo, token=SecretStr(upload.token))


def _kill(process: subprocess.Popen[str]) -> None:
    """End the process and all processes that it started, and close its pipes."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):
            _stream(stream).close()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # noqa: S101 - all three were asked for as pipes
    return stream
