"""One run of a trainer: its saves are queued as they appear, and its result when it ends, successfully or not."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rw_hooks.config.settings import Settings
from rw_hooks.hook import PublishHook
from rw_hooks.integration import Run, RunArtifact, read_run
from rw_hooks.integration.choice import choose_artifacts
from rw_hooks.runner.output_dirs import Look, Places, without_secrets
from rw_hooks.support.file_state import FileState
from rw_hooks.support.redact import redact

__all__ = ["CommandHook", "Session"]

_LOG = logging.getLogger("rw_hooks.run")
_CLOCK_STEP_NS = 20_000_000  # the clock of a file system may have a resolution of 10 ms


class CommandHook(PublishHook):
    """The hook of a command whose options are already joined. It may see the saves of several trainings.

    Args:
        settings: The options.
        argv: The trainer's command line, without secrets.
        before: The weights files that were there before.
    """

    _by_name = True

    def __init__(self, settings: Settings, argv: Sequence[str] = (), before: Sequence[str] = ()) -> None:
        self.begin(settings.given, argv, before)


class Session:
    """Queues the files that a trainer writes while it runs.

    Args:
        settings: The options.
        command: The trainer's command.
        directory: Its working directory.
    """

    def __init__(self, settings: Settings, command: Sequence[str], directory: Path) -> None:
        self._settings = settings
        self._command = command
        self._directory = directory
        self._argv = without_secrets(command, directory)
        self._since = time.time_ns() - _CLOCK_STEP_NS
        self._before = Places.of(command, directory).look()
        self._last: Look = {}
        self._handed: set[tuple[Path, FileState]] = set()
        self._said: set[str] = set()
        before = sorted({str(path) for look in self._before for path in look})
        self.hook = CommandHook(settings, self._argv, before)

    @property
    def watches(self) -> bool:
        """Whether saves are wanted during the training."""
        return self._settings.value("which", "final") != "final"

    @property
    def _wants_all(self) -> bool:
        return self._settings.value("which", "final") == "all"

    def look(self) -> None:
        """Queue the saves that are new and did not change since the last poll.

        An error is one log line; the training continues, and the next poll tries again.
        """
        try:
            self._look()
        except Exception as error:  # noqa: BLE001 - nothing that goes wrong here may end the training
            said = redact(f"{type(error).__name__}: {error}")
            if said not in self._said:
                self._said.add(said)
                _LOG.warning("rw-hooks: the saves so far are not queued yet: %s", said)

    def _look(self) -> None:
        new = self._new()
        now = {path: _state(path) for path in new}
        still = [path for path in new if self._last.get(path) == now[path] and (path, now[path]) not in self._handed]
        self._last = now
        if still:
            for artifact in self._publishable(new):
                if artifact.path in still:
                    self._hand_over(artifact, final=False)

    def end(self, *, failed: bool) -> bool:
        """Queue the result of a training that has ended, and return whether there was any.

        Args:
            failed: Whether the training failed; then the user is not asked which save is its result.

        Raises:
            MissingError: None of several unrelated files is final.
        """
        new = self._new()
        if not new:
            return bool(self._handed)
        mine = self._publishable(new)
        results = choose_artifacts(mine, "final", ask=not (failed or self.watches)).artifacts
        for artifact in mine if self.watches else results:
            final = artifact.final and artifact in results
            again = final and not self._wants_all  # of all saves each is due at once, whether it is final or not
            if again or (artifact.path, _state(artifact.path)) not in self._handed:
                self._hand_over(artifact, final=final)
        return bool(self._handed)

    def _new(self) -> dict[Path, Path]:
        return Places.of(self._command, self._directory).new(self._before, self._since)

    def _publishable(self, new: Mapping[Path, Path]) -> list[RunArtifact]:
        """Return the new files that may be published, in the order of their writing; each folder is read separately."""
        groups: dict[Path, list[Path]] = {}
        for path, place in new.items():
            groups.setdefault(place, []).append(path)
        read = [artifact for group in groups.values() for artifact in self._read(group).artifacts]
        known = {artifact.path: artifact for artifact in read if artifact.publishable}
        return [known[path] for path in new if path in known]

    def _read(self, group: Sequence[Path]) -> Run:
        config = self._settings.text("config")
        return read_run(
            group[0] if len(group) == 1 else Path(os.path.commonpath([path.parent for path in group])),
            config=Path(config) if config else None,
            trainer=self._settings.text("trainer"),
            argv=self._argv,
        )

    def _hand_over(self, artifact: RunArtifact, *, final: bool) -> None:
        self._handed.add((artifact.path, _state(artifact.path)))
        self.hook.on_save(artifact.path, step=artifact.step, epoch=artifact.epoch, metric=artifact.metric, final=final)


def _state(path: Path) -> FileState:
    try:
        return FileState.of(path).lasting
    except OSError:
        return FileState(0, 0)
