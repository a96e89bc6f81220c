"""A process that is killed in the middle of an upload: ``python -m rw_hooks.testing._upload_and_die``.

It reads the host's URL, its config and the file, as one JSON object from standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from rw_hooks.hosts import HostConfig, HostedFile, open_host
from rw_hooks.support.deadline import Deadline

__all__ = ["SECONDS", "asked", "main"]

SECONDS = 60.0


def asked(url: str, config: HostConfig, file: HostedFile) -> str:
    """Return the JSON text that such a process reads."""
    token = config.hf_token.get_secret_value() if config.hf_token else None
    return json.dumps(
        {
            "url": url,
            "file": file.model_dump(mode="json"),
            "config": {**vars(config), "home": str(config.home), "hf_token": token},
        }
    )


def main() -> None:
    """Upload, and die when the first bytes are sent."""
    given = json.load(sys.stdin)
    config, token = given["config"], given["config"]["hf_token"]
    config |= {"home": Path(config["home"]), "hf_token": SecretStr(token) if token else None}
    file = HostedFile.model_validate(given["file"])
    open_host(given["url"], HostConfig(**config)).upload(file, _die, Deadline.after(SECONDS))


def _die(_done: int, _total: int) -> None:
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    main()
