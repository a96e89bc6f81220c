"""Publishing files that appear in a folder, whoever writes them.

The folder is polled, because this works everywhere: on network file systems, in new folders, and for trainers that
write in place or rename. A file is queued when it is complete according to its header and did not change between two
polls.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from threading import Event

from rw_hooks.config.settings import Settings
from rw_hooks.engines.base import open_engine
from rw_hooks.errors import RwHooksError
from rw_hooks.hook.weights_file import is_complete
from rw_hooks.integration import RunArtifact, Verdict, judge_new_file, read_run
from rw_hooks.publication.services import endpoint_of
from rw_hooks.runner.output_dirs import Look, look_at
from rw_hooks.runner.session import CommandHook
from rw_hooks.support.file_state import FileState

__all__ = ["Watch"]

_LOG = logging.getLogger("rw_hooks.watch")
_PIECE = 1 << 20
_AUTOV3_DIGITS = 12


class Watch:
    """A watched folder. Files that are in it already are ignored.

    Args:
        folder: The folder.
        settings: The options.

    Attributes:
        hook: Gets the files that appear.

    Raises:
        JournalError: The state folder cannot be used.
        MissingError: There is no key.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._done: dict[Path, FileState] = look_at([folder])
        self._came: set[Path] = set()
        self._last: Look = {}
        self._known = _published_before(settings)
        self._read: dict[tuple[Path, FileState], str] = {}
        self.hook = CommandHook(settings)

    def run(self, stop: Event, every: float) -> None:
        """Poll until ``stop`` is set.

        Args:
            stop: The event that ends the polling.
            every: Seconds between two polls.
        """
        while not stop.wait(every):
            self.look()

    def look(self) -> None:
        """Give the hook each new file that is complete and did not change between two polls."""
        now = look_at([self._folder])
        new = [path for path, state in now.items() if self._done.get(path) != state == self._last.get(path)]
        whole = sorted((path for path in new if is_complete(path)), key=lambda path: (now[path].mtime_ns, str(path)))
        self._came.update(whole)
        for path in whole:
            if self._take(path, now[path]):
                self._done[path] = now[path]
        self._last = now

    def _take(self, path: Path, state: FileState) -> bool:
        """Queue a result; False if the hook cannot queue it now, so that the next poll must try again."""
        try:
            artifact, verdict = self._read_and_judge(path)
            data = self._read.get((path, state)) or _autov3(path)
        except (RwHooksError, OSError) as error:
            _LOG.warning("%s: %s", path.name, error)
            return True
        self._read[path, state] = data  # a file that cannot be queued yet is tried again at each poll
        if not artifact.publishable:
            _LOG.warning("%s is not published: it is %s", path.name, artifact.reason)
        elif verdict == "superseded":
            _LOG.warning("%s is not published: it is not the final file; --which all publishes every save", path.name)
        elif data in self._known:
            _LOG.warning("%s is not published: it has the same weights as %s", path.name, self._known[data])
        elif not self._is_handed_over(artifact, verdict):
            return False
        else:
            self._known[data] = path.name
            if verdict == "undecided":
                _LOG.warning("%s waits: the newest save of its series is published when the watch ends", path.name)
        return True

    def _is_handed_over(self, save: RunArtifact, verdict: Verdict) -> bool:
        """Queue a save, and return whether this succeeded."""
        before, final = self.hook.handed, save.final and not save.so_far and verdict == "publish"
        self.hook.on_save(save.path, step=save.step, epoch=save.epoch, metric=save.metric, final=final)
        return self.hook.handed > before or self._settings.value("dry_run", False)

    def _read_and_judge(self, path: Path) -> tuple[RunArtifact, Verdict]:
        """Read a file and those that appeared beside it, and decide what happens with it now."""
        config = self._settings.text("config")
        run = read_run(path, config=Path(config) if config else None, trainer=self._settings.text("trainer"))
        known = {artifact.path: artifact for artifact in run.artifacts if artifact.path in self._came}
        known.setdefault(path, RunArtifact(path=path, final=True))
        which = self._settings.value("which", "final")
        asked = (
            which if which == "final" else "all"
        )  # any other rule needs all saves, and is applied to the queue items
        return known[path], judge_new_file(list(known.values()), path, asked)


def _published_before(settings: Settings) -> dict[str, str]:
    """Return the data hash of every file that was published here with the same request, with its name."""
    endpoint, air = endpoint_of(settings), settings.text("air") or ""
    with open_engine(settings) as engine:
        store = engine.store
        accounts = store.same_account(endpoint.rest_url, endpoint.fingerprint)
        ours = [row for row in store.rows() if row.status == "ready" and row.key.account in accounts]
        same = [row for row in ours if (row.key.endpoint, row.key.asked_air) == (endpoint.rest_url, air)]
        inspected = [(row, store.results(row.id).get("inspect")) for row in same]
    return {str(result.value["autov3"]): Path(row.path).name for row, result in inspected if result is not None}


def _autov3(path: Path) -> str:
    """Return the hash of the bytes after the header, which a change of metadata does not change."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(8 + int.from_bytes(file.read(8), "little"))
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()[:_AUTOV3_DIGITS]
