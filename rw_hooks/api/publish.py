"""Publishing files: the function for Python, and that for the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rw_hooks.api.explain import explain
from rw_hooks.api.inputs import Selected, require_an_air_each, selected
from rw_hooks.config.settings import Settings, load
from rw_hooks.engines.base import DEFAULT_CONCURRENCY, Engine, open_engine
from rw_hooks.errors import MissingError, RwHooksError, UsageError
from rw_hooks.publication.model import Publication
from rw_hooks.publication.notify import run_command
from rw_hooks.publication.observer import Observer, Silent
from rw_hooks.publication.option_codec import pack
from rw_hooks.publication.report import not_enrolled
from rw_hooks.publication.services import endpoint_of, host_at
from rw_hooks.queue.inbox import QueueItem
from rw_hooks.support.os_errors import os_errors_reported
from rw_hooks.support.text import require_printable
from rw_hooks.support.thread_pool import many_at_once

__all__ = ["publish", "publish_all"]


@dataclass(frozen=True)
class _File:
    """One file of a call, and how far it is.

    Attributes:
        path: The file, or the given path if it leads to no file.
        selected: The file to publish; None if there is none.
        identity: The id of its publication; None if there is none yet.
        ended: The publication to show for a file that is not enrolled; None for any other.
    """

    path: Path
    selected: Selected | None = None
    identity: str | None = None
    ended: Publication | None = None


def publish(
    path: str | Path, *, settings: Settings | None = None, observer: Observer | None = None, **options: object
) -> Publication:
    """Publish one file, or the chosen file of a run's output folder, and wait until it is ready or has failed.

    The same file with the same request is published only once. A second call finds it ready, or continues an
    interrupted call, or updates the metadata if the description has changed.

    Args:
        path: The file; a run's output folder; a fal result JSON; a Replicate tar.
        settings: Settings to use instead of loading them from the environment and ``rw-hooks.toml``.
        observer: Told of the progress.
        options: Any option of the table in :mod:`rw_hooks.config.options`, such as ``trigger_words`` or ``host``.

    Returns:
        The publication. Its ``status`` is ``ready``; or it is ``failed`` or ``pending``, and ``error`` says why and
        what to do. If several files of a folder are published (``which=all``), the first that is not ready, else the
        last.

    Raises:
        UsageError: An option is unknown or out of bounds.
        JournalError: The state folder cannot be used.
    """
    known = settings if settings is not None else load(options)
    ended = list(publish_all([Path(path)], known, observer or Silent()))
    return next((entry for entry in ended if entry.exit_code), ended[-1])


def publish_all(paths: Sequence[Path], settings: Settings, observer: Observer) -> Iterator[Publication]:
    """Publish files and run folders, several at once, and yield the publications in their order, ready or not.

    All files are enrolled before the first is sent, so that an interrupted call loses none of them.

    Raises:
        UsageError: One complete AIR is given for several paths.
        JournalError: The state folder cannot be used.
    """
    if settings.value("dry_run", False):
        yield from explain(paths, settings, observer)
        return
    require_an_air_each(settings, len(paths))
    threads = settings.value("concurrency", DEFAULT_CONCURRENCY)
    with open_engine(settings) as engine:
        files = [file for path in paths for file in _of_path(path, settings, observer)]
        enrolled = list(many_at_once(lambda file: _enrolled(engine, file, observer), files, threads))
        yield from many_at_once(lambda file: _finished(engine, file, observer), enrolled, threads)


def _of_path(path: Path, settings: Settings, observer: Observer) -> list[_File]:
    """Return the files to publish for a path; an error of one path does not stop the others."""
    try:
        with os_errors_reported():
            found = selected(path, settings, observer, settings.home / "spool")
    except RwHooksError as error:
        return [_File(path, ended=not_enrolled(str(path), error))]
    return [_File(entry.path, entry) for entry in found]


def _enrolled(engine: Engine, file: _File, observer: Observer) -> _File:
    """Enroll a file; an error does not stop the others, unless the store cannot be used."""
    if file.selected is None:
        return file
    own = observer.start(str(file.path))
    try:
        require_printable(str(file.path))
        _require_host(file.selected.settings)
        return replace(file, identity=engine.submit(_item(file.selected), own))
    except RwHooksError as error:
        return replace(file, ended=not_enrolled(str(file.path), error))
    finally:
        own.finish()


def _finished(engine: Engine, file: _File, observer: Observer) -> Publication:
    """Run a publication as far as possible, and run the command that was given for its end."""
    publication = file.ended
    if file.identity is not None:
        own = observer.start(str(file.path))
        try:
            publication = engine.advance(file.identity, "proceed", own)
        finally:
            own.finish()
    assert publication is not None  # noqa: S101 - a file is enrolled, or has ended
    if file.selected is not None:
        run_command(file.selected.settings, publication, Path.cwd())
    return publication


def _item(entry: Selected) -> QueueItem:
    endpoint = endpoint_of(entry.settings)
    try:
        status = entry.held.stat()
    except OSError as error:
        raise UsageError("no_such_file", f"{entry.path} cannot be read: {error.strerror}", stage="inspect") from None
    return QueueItem(
        path=str(entry.path.absolute()),
        held=str(entry.held.absolute()),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
        options=pack(entry.settings.given),
        endpoint=endpoint.rest_url,
        account=endpoint.fingerprint,
        facts=entry.facts,
    )


def _require_host(settings: Settings) -> None:
    given = settings.text("host")
    if given is not None:
        host_at(settings, given)  # a malformed URL is refused before a large file is read
    elif settings.hf_token is None:
        raise MissingError(
            "no_host",
            "there is no host for the file: no --host was given and no Hugging Face token was found",
            hint="set HF_TOKEN (or run 'hf auth login'), or give --host; see 'rw-hooks publish --help'",
            stage="setup",
        )
