"""Whether a file is still the one that was inspected, decided without reading it again."""

from __future__ import annotations

from pathlib import Path

from rw_hooks.errors import ArtifactChangedError
from rw_hooks.hosts.protocol import HostedFile
from rw_hooks.support.file_state import FileState

__all__ = ["FileGuard"]


class FileGuard:
    """The file's state now, to compare it with its state later.

    Args:
        file: The file as it was inspected.

    Raises:
        ArtifactChangedError: It is gone, or has another size than the inspected one.
    """

    def __init__(self, file: HostedFile) -> None:
        if file.path is None:
            raise self._changed(file)
        self._file = file
        self.path: Path = file.path
        self._state = self._look()

    def require(self) -> None:
        """Raise if the file was rewritten, replaced or removed since then.

        Raises:
            ArtifactChangedError: It was.
        """
        if self._look() != self._state:
            raise self._changed(self._file)

    def _look(self) -> FileState:
        try:
            found = FileState.of(self.path)
        except OSError:
            raise self._changed(self._file) from None
        if found.size != self._file.size:
            raise self._changed(self._file)
        return found

    @staticmethod
    def _changed(file: HostedFile) -> ArtifactChangedError:
        return ArtifactChangedError(
            "artifact_changed",
            f"{file.name} was changed or removed after it was inspected; it was not registered",
            hint="publish it again when the trainer has finished writing it",
        )
