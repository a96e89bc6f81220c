"""``rw-hooks worker``: publish the files that hooks have saved. Hooks start it themselves."""

from __future__ import annotations

import logging

from rw_hooks.cli.common import settings_from
from rw_hooks.cli.flags import Concurrency
from rw_hooks.cli.show import say
from rw_hooks.engines.base import open_engine
from rw_hooks.support.priority import stand_back
from rw_hooks.support.redact import redact

__all__ = ["worker"]


class _Log(logging.Handler):
    """Writes one line per message to standard error, which is the log file if a hook started the worker."""

    def emit(self, record: logging.LogRecord) -> None:
        say(redact(self.format(record)))


def worker(*, concurrency: Concurrency = None) -> int:
    """Publish the files that hooks have saved, until none is left and no training lasts that will save more."""
    settings = settings_from(concurrency=concurrency)
    handler = _Log()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("rw_hooks")
    logger.handlers = [handler]
    logger.setLevel(min(logger.level, logging.INFO))
    stand_back()
    with open_engine(settings) as engine:
        if not engine.serve():
            say("Another worker is already running; this one has nothing to do.")
    return 0
