"""A process that publishes one file with an engine, and records the failpoints it reaches, or dies at one of them."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress

from rw_hooks.config.settings import load
from rw_hooks.publication.observer import Silent
from rw_hooks.publication.option_codec import pack
from rw_hooks.publication.services import endpoint_of
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.support.failpoints import set_trigger
from rw_hooks.testing.engines import load_factory

_DIED = 9


def main() -> None:
    """Read the factory, the action, the point and the item from the command line, and do it."""
    factory, action, point, told = sys.argv[1:]
    wish = json.loads(told)
    set_trigger(_trace if action == "trace" else lambda name: _die() if name == point else None)
    given = {"host": os.environ["RW_HOOKS_TEST_HOST"], "architecture": "sd1x", **wish["options"]}
    settings = load(given, as_flags=True)
    endpoint, status = endpoint_of(settings), os.stat(wish["file"])  # noqa: PTH116 - as the name was given
    item = QueueItem(
        path=wish["file"], held=wish["file"], size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino,
        options=pack(settings.given), endpoint=endpoint.rest_url, account=endpoint.fingerprint,
    )  # fmt: skip
    with load_factory(factory)(settings, read_only=False) as engine:
        publication = engine.advance(engine.submit(item, Silent()), "proceed", Silent())
    sys.exit(publication.exit_code)


def _trace(name: str) -> None:
    sys.stdout.write(f"{name}\n")


def _die() -> None:
    with suppress(AttributeError):  # Windows has no SIGKILL
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(_DIED)


if __name__ == "__main__":
    main()
