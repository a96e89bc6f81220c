"""``rw-hooks sandbox``: Runware's API and a file host on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.show import clean, terminal
from rw_hooks.errors import UsageError
from rw_hooks.sandbox import Model, Sandbox, SandboxSettings
from rw_hooks.sandbox.transport.loopback import require_direct
from rw_hooks.support.redact import redact, redact_url

__all__ = ["export", "sandbox"]

_Port = Annotated[int, Parameter(help="0 for any free port.")]


def sandbox(  # noqa: PLR0913 - one argument a flag
    *,
    folder: Annotated[Path | None, Parameter(help="What the file host serves; a temporary folder by default.")] = None,
    port: _Port = 0,
    ws_port: _Port = 0,
    dialect: Annotated[
        Literal["today", "founding"], Parameter(help="The API of 2026-10, or that of the founding page of 2025-10.")
    ] = "today",
    delay: Annotated[float, Parameter(help="Seconds that each phase of an upload takes.")] = 0.3,
    as_json: AsJson = False,
) -> int:
    """Run Runware's API and a file host on this machine, to try and to test.

    It listens on loopback only, and does what Runware does: it downloads the URL anonymously, opens the file and
    reports each phase. Nothing is sent to Runware. When it ends, only the folder stays, if one was given.
    """
    require_direct()
    settings = SandboxSettings(port=port, ws_port=ws_port, dialect=dialect, delay=max(0.0, delay))
    say_upload = _json_upload if as_json else _upload
    try:
        with Sandbox(folder, settings=settings, announce=say_upload) as running:
            _print(json.dumps(_addresses(running)) if as_json else _welcome(running))
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except (OSError, OverflowError) as error:  # the port is in use, or is not a port
        raise UsageError(
            "sandbox_cannot_start",
            f"the sandbox cannot start: {error}",
            hint="give another --port, --ws-port or --folder",
            stage="setup",
        ) from None


def export(name: str, value: str) -> str:
    """Return the line that sets a variable in the usual shell of this operating system."""
    return f"$env:{name} = '{value}'" if os.name == "nt" else f"export {name}={value}"


def _welcome(running: Sandbox) -> str:
    variables = {
        "RUNWARE_API_URL": running.api_url,
        "RUNWARE_WS_URL": running.ws_url,
        "RUNWARE_API_KEY": running.key,
    }
    return "\n".join(
        [
            "The sandbox runs; Ctrl-C ends it. In another terminal:",
            "",
            *(export(name, value) for name, value in variables.items()),
            f"rw-hooks publish FILE --host '{running.host_url}'",
            "",
            f"It serves {running.folder} at {running.files_url}",
            "",
        ]
    )


def _addresses(running: Sandbox) -> dict[str, str]:
    return {
        "api_url": running.api_url,
        "ws_url": running.ws_url,
        "key": running.key,
        "folder": str(running.folder),
        "files_url": running.files_url,
        "host": running.host_url,
    }


def _upload(model: Model, message: str) -> None:
    fields = model.fields
    what = f"{fields['category']} {fields['architecture']} '{fields['name']}'"
    details = f"{model.size} bytes, sha256 {model.sha256[:12]}" if model.status == "ready" and model.sha256 else message
    _print(clean(redact(f"{model.status}  {model.air}  {what}  {details}")))


def _json_upload(model: Model, message: str) -> None:
    upload = {"air": model.air, "status": model.status, "message": message, "sha256": model.sha256, "size": model.size}
    fields = {name: redact_url(str(value)) if name.endswith("URL") else value for name, value in model.fields.items()}
    _print(json.dumps({**upload, "model": fields}))


def _print(text: str) -> None:
    terminal().out(text, highlight=False)
