"""A run's folder as integrations see it: limited in size, read-only, without environment variables and secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import cast

from rw_hooks.artifact.read.header import HeaderError, header_length, parse_header
from rw_hooks.facts.configs import Config, UnreadableError, read_config, read_text
from rw_hooks.facts.launch import LAUNCH_SUFFIXES, Launch, parse_argv, read_launch_script
from rw_hooks.facts.values import base_name, dig
from rw_hooks.support.foreign import is_dir, is_file

__all__ = ["RunFolder"]

_FILES_MAX = 20_000
_FOLDERS_MAX = 5_000
_DEPTH_MAX = 6
_PROBES_MAX = 6
_CAPTIONS_MAX = 500
_SKIPPED_FOLDERS = frozenset({".git", ".rw-hooks", "__pycache__", "node_modules", ".thumbs", ".cache"})
_CONFIG_FOLDERS = ("", "config", "configs")


@dataclass(frozen=True)
class RunFolder:
    """A run as integrations see it: files and a command line, without environment variables.

    Attributes:
        path: What the user named: a file or a folder.
        root: The folder that is treated as the run's folder.
        argv: The trainer's command line, if it is known.
        config: The config file that the user named.
        warnings: What could not be read; the methods add to it.
    """

    path: Path
    root: Path
    argv: tuple[str, ...] = ()
    config: Path | None = None
    warnings: list[str] = field(default_factory=list[str])
    _read: dict[Path, Config | None] = field(default_factory=dict[Path, Config | None], init=False, repr=False)
    _metadata: dict[Path, Mapping[str, str]] = field(
        default_factory=dict[Path, Mapping[str, str]], init=False, repr=False
    )

    def named(self, path: Path) -> RunFolder:
        """Return the same folder for another path; what was read of it is not read again."""
        other = RunFolder(path, self.root, self.argv, self.config, list(self.warnings))
        other._read.update(self._read)
        other._metadata.update(self._metadata)
        if "files" in self.__dict__:
            other.__dict__["files"] = self.files
        return other

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """All files below the root, sorted; limited in depth and number, without following links to folders."""
        found = list(islice(_walk(self.root), _FILES_MAX + 1))
        if len(found) > _FILES_MAX:
            self.warnings.append(f"{self.root.name} holds more than {_FILES_MAX} files; the rest was not looked at")
        return tuple(sorted(found[:_FILES_MAX]))

    @cached_property
    def weights(self) -> tuple[Path, ...]:
        """The ``.safetensors`` files below the root, without the temporary files of trainers."""
        return tuple(path for path in self.files if path.suffix == ".safetensors" and not path.name.startswith(".tmp"))

    @cached_property
    def probes(self) -> tuple[Path, ...]:
        """The weights files whose metadata may show the trainer: the named file, else a few, beginning at the top."""
        if self.path.suffix == ".safetensors" and not is_dir(self.path):
            return (self.path,)
        return tuple(sorted(self.weights, key=lambda path: (len(path.parts), path)))[:_PROBES_MAX]

    @cached_property
    def launch(self) -> Launch:
        """The trainer's command line: the known one, else that of the named config; empty if there is none."""
        if self.argv:
            return parse_argv(self.argv)
        if self.config is None:
            return Launch(source="")
        if self.config.suffix.lower() in LAUNCH_SUFFIXES:
            return self.read_script(self.config) or Launch(source="")
        config = self.read(self.config)
        argv = dig(config.values, "argv") if config else None
        if not isinstance(argv, list):
            return Launch(source="")
        return parse_argv([str(word) for word in cast("list[object]", argv)], self.config.name)

    @cached_property
    def named_config(self) -> Config | None:
        """The config that the user named, if it contains settings and not a command line."""
        if self.config is None or self.launch.source:
            return None
        return self.read(self.config)

    def read(self, path: Path) -> Config | None:
        """Read a config file; return None, with a warning, if it cannot be read."""
        if path not in self._read:
            try:
                self._read[path] = read_config(path)
            except UnreadableError as error:
                self.warnings.append(str(error))
                self._read[path] = None
        return self._read[path]

    def read_script(self, path: Path) -> Launch | None:
        """Read a launch script; return None, with a warning, if it cannot be read."""
        try:
            return read_launch_script(path)
        except UnreadableError as error:
            self.warnings.append(str(error))
            return None

    def read_lines(self, path: Path) -> list[str]:
        """Return a text file's lines; none, with a warning, if it cannot be read."""
        try:
            return read_text(path).splitlines()
        except UnreadableError as error:
            self.warnings.append(str(error))
            return []

    def captions(self, folder: object) -> list[str]:
        """Return the captions (``.txt``) beside the images of a dataset's folder, if it is on this machine."""
        place = Path(folder).expanduser() if isinstance(folder, str) and folder.strip() else None
        if place is None or not place.is_absolute():
            return []
        texts = islice((path for path in _entries(place) if path.suffix == ".txt"), _CAPTIONS_MAX)
        return ["\n".join(self.read_lines(path)) for path in texts]

    def matching(self, pattern: str) -> tuple[Path, ...]:
        """Return the files whose path below the root, with forward slashes, matches a regular expression."""
        compiled = re.compile(pattern)
        return tuple(path for name, path in self._named_files if compiled.fullmatch(name))

    @cached_property
    def _named_files(self) -> tuple[tuple[str, Path], ...]:
        return tuple((path.relative_to(self.root).as_posix(), path) for path in self.files)

    def find(self, named: object) -> Path | None:
        """Return a file that a config names: at the named path, else of this name beside the config or in the run."""
        if not isinstance(named, str) or not named.strip():
            return None
        name = base_name(named)
        beside = [self.config.parent / folder / name for folder in _CONFIG_FOLDERS] if self.config else []
        places = (Path(named).expanduser(), *beside, self.root / name, self.root / "sample" / name)
        return next((place for place in places if is_file(place)), None)

    def metadata(self, path: Path) -> Mapping[str, str]:
        """Return a weights file's metadata; empty if its header cannot be read."""
        if path not in self._metadata:
            self._metadata[path] = _metadata(path)
        return self._metadata[path]


def _metadata(path: Path) -> Mapping[str, str]:
    try:
        if not is_file(path):
            return {}  # opening a pipe would wait for ever
        with path.open("rb") as file:
            size = path.stat().st_size
            length = header_length(file.read(8), size)
            return parse_header(file.read(length), size - 8 - length).metadata
    except (OSError, HeaderError):
        return {}


def _walk(root: Path) -> Iterator[Path]:
    """Yield files level by level, so that a limit drops the deepest files."""
    level = [root]
    for _ in range(_DEPTH_MAX):
        below: list[Path] = []
        for folder in level[:_FOLDERS_MAX]:
            for entry in _entries(folder):
                if not is_dir(entry):
                    yield entry
                elif entry.name not in _SKIPPED_FOLDERS and not entry.is_symlink():
                    below.append(entry)
        level = below


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
