"""``rw-hooks watch``: publish what appears in a folder."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.cli.common import settings_from
from rw_hooks.cli.flags import Flags, Options
from rw_hooks.cli.show import say
from rw_hooks.errors import UsageError
from rw_hooks.publication.services import endpoint_of
from rw_hooks.runner.folder_watch import Watch

__all__ = ["watch"]

_NO_FLAGS = Flags()
_POLL_SECONDS = 1.0


def watch(
    folder: Annotated[Path, Parameter(name="DIR", help="The folder that a trainer writes to.")],
    /,
    *,
    options: Options = _NO_FLAGS,
) -> int:
    """Publish files that appear in a folder, until Ctrl-C; files that are in it already are ignored.

    A file is published when it is complete and no longer changes. Files with a counter in their names wait until the
    watch ends; then the newest of each series is published. Use --which all, every:N, last:K or best for other saves.
    """
    settings = settings_from(options)
    endpoint_of(settings)
    if not folder.is_dir():
        raise UsageError("no_such_folder", f"there is no folder {folder}", hint="create it, or correct its name",
                         stage="setup")  # fmt: skip
    stop = Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        # In a thread, because the main thread may hold the event's lock now, and would wait for itself.
        Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    watched = Watch(folder.absolute(), settings)
    if not watched.hook.leads:
        say("Nothing is watched here: in distributed training only rank 0 publishes, and this is another rank.")
        return 0
    say(f"Watching {folder}; press Ctrl-C to stop.")
    watched.run(stop, _POLL_SECONDS)
    for number, handler in before.items():
        signal.signal(number, handler)
    watched.hook.on_end()
    say("The worker publishes the saved files; run 'rw-hooks jobs' to see them.")
    return 0
