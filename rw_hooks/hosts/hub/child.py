"""The process that moves the bytes to the Hub: ``python -m rw_hooks.hosts.hub.child``.

It is a separate process because the client reads its settings at import, and because a Xet upload can hang for ever:
this process can be killed. It reads one request from standard input, writes one JSON object per line to standard
output, and ends when its parent ends (standard input closes). The token is in the request, and is written nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import IO, Any

from rw_hooks.support.redact import redact

__all__ = ["main"]

_REPORT_SECONDS = 0.1
_NETWORK = frozenset({"httpx2", "httpcore2", "httpx", "httpcore", "requests", "urllib3", "hf_xet"})
_FORBIDDEN = 403
_ORPHANED = 3


def main() -> None:
    """Serve one request."""
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    reports = _take_standard_output()
    try:
        commit = _upload(request, reports)
    except Exception as error:  # noqa: BLE001 - whatever the client raises becomes one report to the parent
        _tell(reports, {"event": "failed", **_failure(error, request)})
    else:
        _tell(reports, {"event": "done", "commit": commit})
    os._exit(0)  # the client's own threads may hang


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(_ORPHANED)


def _take_standard_output() -> IO[str]:
    """Reserve standard output for reports; what the client prints goes to standard error."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return reports


def _tell(reports: IO[str], event: dict[str, Any]) -> None:
    reports.write(json.dumps(event) + "\n")
    reports.flush()


def _upload(request: dict[str, Any], reports: IO[str]) -> str:
    from huggingface_hub import HfApi

    from rw_hooks.hosts.hub.client import count_bytes, known_addition

    last = 0.0

    def report(done: int, moved: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _REPORT_SECONDS:
            last = time.monotonic()
            _tell(reports, {"event": "moved", "done": done, "moved": moved})

    count_bytes(report)
    _tell(reports, {"event": "started"})
    addition = known_addition(request["path_in_repo"], request["file"], request["sha256"], request["size"])
    info = HfApi(endpoint=request["endpoint"], token=request["token"]).create_commit(
        repo_id=request["repo"],
        operations=[addition],
        commit_message=f"Add {request['path_in_repo']}",
        parent_commit=request["parent"],
    )
    return str(info.oid)


def _failure(error: BaseException, request: dict[str, Any]) -> dict[str, Any]:
    """Report an error: the HTTP status if a server gave one, else whether the client itself refused."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    answered = next((link for link in chain if getattr(link, "response", None) is not None), None)
    network = any(type(link).__module__.partition(".")[0] in _NETWORK for link in chain)
    return {
        "status": _status(answered, request["endpoint"]),
        "refused": answered is None and isinstance(error, ValueError) and not network,
        "message": redact(str(answered or error), request["token"])[:1000],
    }


def _status(answered: BaseException | None, endpoint: str) -> int | None:
    """Return the answer's status; None if only a signed URL of the storage has expired."""
    response = getattr(answered, "response", None)
    if response is None:
        return None
    status = int(response.status_code)
    return None if status == _FORBIDDEN and not str(response.url).startswith(endpoint + "/") else status


if __name__ == "__main__":
    main()
