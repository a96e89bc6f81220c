"""``rw-hooks run``: run a trainer unchanged, and publish what it saves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import settings_from, show
from rw_hooks.cli.flags import Flags, Options
from rw_hooks.cli.show import say, say_error
from rw_hooks.config.settings import Settings
from rw_hooks.engines.base import open_engine
from rw_hooks.errors import MissingError, RwHooksError, UnreachableError, UsageError
from rw_hooks.hook.environment import node_rank
from rw_hooks.runner.child_process import run_child, signals_ignored
from rw_hooks.runner.session import Session

__all__ = ["run"]

_NO_FLAGS = Flags()
_POLL_SECONDS = 2.0


def run(
    *command: Annotated[str, Parameter(name="COMMAND", allow_leading_hyphen=True, help="After '--', as you run it.")],
    no_wait: Annotated[bool, Parameter(negative="", help="Leave the publication to the worker.")] = False,
    as_json: AsJson = False,
    options: Options = _NO_FLAGS,
) -> int:
    """Run a trainer unchanged, and publish what it saves: rw-hooks run [options] -- COMMAND...

    The trainer keeps its terminal, signals and exit code. Its saves are published even if it fails afterwards.
    """
    if not command:
        raise UsageError("no_command", "no command was given", hint="rw-hooks run [options] -- COMMAND...",
                         stage="setup")  # fmt: skip
    settings = settings_from(options)
    if node_rank(command, os.environ):
        say("Nothing is published from this machine: in distributed training only machine 0 publishes.")
        return run_child(command)
    session = Session(settings, command, Path.cwd())
    if not session.hook.leads:
        say("Nothing is published from this process: in distributed training only rank 0 publishes (see RANK).")
        return run_child(command)
    code = 0
    try:
        with signals_ignored():
            code = run_child(command, every=_POLL_SECONDS if session.watches else None, tick=session.look)
            if code:
                say(f"The trainer ended with exit code {code}.")
            published = _handed_over(session, settings, failed=code != 0)
        if published is None:
            published = 0 if no_wait or settings.text("wait") == "no" else _awaited(session, settings, as_json=as_json)
    except KeyboardInterrupt:
        if not code:
            raise
        return code
    except Exception as error:  # any error: the trainer's own exit code is more useful than ours
        if not code:
            raise
        from rw_hooks.cli.bug import report_bug

        report_bug(error)
        return code
    return code or published


def _handed_over(session: Session, settings: Settings, *, failed: bool) -> int | None:
    """Queue what the trainer saved; return the exit code if there is nothing to wait for, else None."""
    try:
        found = session.end(failed=failed)
    except RwHooksError as error:
        session.hook.on_end(wait=False)
        say_error(error)
        return error.exit_code
    session.hook.on_end(wait=False)
    if not found:
        say("Nothing to publish: the training left no new .safetensors file that can be published.")
        return 0
    if settings.value("dry_run", False):
        return 0
    if settings.api_key is None or not session.hook.handed:
        return MissingError.exit_code  # the hook has already printed what is missing
    return None


def _awaited(session: Session, settings: Settings, *, as_json: bool) -> int:
    say("Publishing; press Ctrl-C to leave it to the worker ('rw-hooks jobs' shows its progress).")
    jobs, code = session.hook.wait(), 0
    for job in jobs:
        pending = UnreachableError.exit_code if job.status == "pending" else 0
        code = code or job.exit_code or pending
    published = [job.publication for job in jobs if job.publication is not None and job.status != "superseded"]
    with open_engine(settings) as engine:
        for publication in engine.watch(published):
            show(publication.model_copy(update={"changed": "registered"}), as_json=as_json)
    return code
