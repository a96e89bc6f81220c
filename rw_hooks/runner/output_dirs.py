"""Where a trainer will write, found in its command line and its configs, and which files it wrote there."""

from __future__ import annotations

import functools
import logging
import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import cast

from rw_hooks.facts.configs import UnreadableError, is_secret_key, read_config
from rw_hooks.facts.launch import LAUNCH_SUFFIXES, parse_argv, read_launch_script
from rw_hooks.hook.weights_file import is_complete
from rw_hooks.support.file_state import FileState
from rw_hooks.support.foreign import is_file
from rw_hooks.support.redact import redact

__all__ = ["Look", "Places", "look_at", "without_secrets"]

_LOG = logging.getLogger("rw_hooks.run")
_OUTPUT = re.compile(r".*(out|save|dest|training_folder|workspace|run_dir).*", re.IGNORECASE)
_CONFIG_SUFFIXES = (".toml", ".yaml", ".yml", ".json")
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "venv"})
_DEPTH_MAX = 6
_FILES_MAX = 50_000
_FOLDERS_MAX = 10_000
_PATH_MAX = 4096

Look = Mapping[Path, FileState]
"""Files and their states, without inodes, because they are compared after hours."""


@dataclass(frozen=True)
class Places:
    """Folders in which results may appear, the most certain first; each is read only if those before have nothing new.

    Attributes:
        tiers: The folders.
        directory: The trainer's working directory; of an output folder that contains it, only the top level is read.
    """

    tiers: tuple[tuple[Path, ...], ...]
    directory: Path

    @classmethod
    def of(cls, argv: Sequence[str], directory: Path) -> Places:
        """Find the folders of a command line: output folders, then other folders, then the working directory."""
        named = list(_named(argv, directory))
        outputs = [value for key, value in named if _OUTPUT.fullmatch(key)]
        others = [value for key, value in named if not _OUTPUT.fullmatch(key)]
        around = _folders(others, directory)
        tiers = (_folders(outputs, directory), tuple(path for path in around if path not in directory.parents))
        return cls((*tiers, (directory,)), directory)

    def look(self) -> list[Look]:
        """Return the weights files in each tier."""
        return [look_at(folders, self.directory) for folders in self.tiers]

    def new(self, before: Sequence[Look], since: int) -> dict[Path, Path]:
        """Return the complete files that are new or rewritten, in the order of their writing, each with its folder.

        Args:
            before: The files and their states before.
            since: The time of these states in nanoseconds, because a folder may have become known only later.
        """
        for folders, known in zip(self.tiers, before, strict=True):
            now = look_at(folders, self.directory)
            new = [path for path, state in now.items() if known.get(path) != state and state.mtime_ns >= since]
            new = [path for path in new if is_complete(path)]
            if new:
                ordered = sorted(new, key=lambda path: (now[path].mtime_ns, str(path)))
                return {path: next(place for place in reversed(path.parents) if place in folders) for path in ordered}
        return {}


def look_at(folders: Sequence[Path], directory: Path | None = None) -> dict[Path, FileState]:
    """Return all ``.safetensors`` files below the folders; hidden folders, links and environments are skipped.

    Args:
        folders: The folders to search.
        directory: Of a folder that contains this directory, only the top level is searched.
    """
    found: dict[Path, FileState] = {}
    for folder in folders:
        is_around = directory is not None and folder in directory.parents
        listed = list(islice(_walk(folder, 1 if is_around else _DEPTH_MAX), _FILES_MAX + 1))
        if len(listed) > _FILES_MAX:
            _say_too_many(folder)
        for entry in listed[:_FILES_MAX]:
            status = _status(entry)
            if status is not None:
                found[Path(entry.path)] = FileState.from_stat(status).lasting
    return found


@functools.cache
def _say_too_many(folder: Path) -> None:
    """Log the warning once for each folder."""
    _LOG.warning(
        "rw-hooks: %s has more than %d weights files; those in the deepest folders are ignored", folder, _FILES_MAX
    )


def without_secrets(argv: Sequence[str], directory: Path) -> list[str]:
    """Return a command line that can be stored: without values of secret options, with absolute paths of configs."""
    return [word if word.startswith("-") else _whole_path(word, directory) for word in _redacted(argv)]


def _redacted(words: Sequence[str]) -> list[str]:
    """Remove the value of a secret option (the next word, or after ``=``), or of a secret variable (``NAME=value``)."""
    kept: list[str] = []
    secret = False
    for word in words:
        name, equals, _ = word.partition("=")
        is_option = word.startswith("-")
        if equals and name.split() == [name] and is_secret_key(name):
            kept.append(f"{name}=[removed]")
        elif secret and not is_option:
            kept.append("[removed]")
        else:
            kept.append(_redacted_within(word))
        secret = is_secret_key(name) and not equals if is_option else secret
    return kept


def _redacted_within(word: str) -> str:
    """Remove the secrets of a word that is itself a command line (``bash -c "..."``); other words stay as they are."""
    word = redact(word)
    try:
        inner = shlex.split(word)
    except ValueError:
        inner = word.split()
    safe = inner if inner == [word] else _redacted(inner)
    return word if safe == inner else shlex.join(safe)


def _whole_path(word: str, directory: Path) -> str:
    is_config = word.endswith((*_CONFIG_SUFFIXES, *LAUNCH_SUFFIXES)) and is_file(directory / word)
    return str(directory / word) if is_config else word


def _named(argv: Sequence[str], directory: Path) -> Iterator[tuple[str, str]]:
    """Yield names and values from the command line, and from the configs and scripts that it names."""
    launch = parse_argv(argv)
    given = [("", word) for word in (*launch.arguments, *argv)] + list(_pairs("", launch.options))
    yield from given
    for _, value in dict.fromkeys(given):
        path = directory / value
        if path.suffix.lower() in (*_CONFIG_SUFFIXES, *LAUNCH_SUFFIXES) and is_file(path):
            yield from _pairs("", _settings(path))


def _settings(path: Path) -> Mapping[str, object]:
    try:
        if path.suffix.lower() in LAUNCH_SUFFIXES:
            return read_launch_script(path).options
        return read_config(path).values
    except UnreadableError:
        return {}


def _pairs(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in cast("Mapping[object, object]", value).items():
            yield from _pairs(str(name), inner)
    elif isinstance(value, (list, tuple)):
        for inner in cast("Sequence[object]", value):
            yield from _pairs(key, inner)


def _folders(values: Sequence[str], directory: Path) -> tuple[Path, ...]:
    """Return the folders among the values; a folder that does not exist yet may be created later."""
    found: dict[Path, None] = {}
    for value in values:
        if not value or "\n" in value or "\0" in value or len(value) > _PATH_MAX:
            continue
        path = directory / _expanded(value)
        if path.suffix == ".safetensors":
            path = path.parent
        if path != directory and not is_file(path):
            found[path] = None
    return tuple(found)


def _expanded(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:  # it begins with a tilde but does not name a user
        return Path(value)


def _walk(root: Path, depth: int) -> Iterator[os.DirEntry[str]]:
    """Yield weights files level by level, the fullest folders last, so that a limit drops folders with other files."""
    level = [str(root)]
    for _ in range(depth):
        below: list[str] = []
        for entries in sorted(map(_entries, level), key=len):
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield entry
                elif entry.name not in _SKIPPED:
                    below.append(entry.path)
        level = below[:_FOLDERS_MAX]


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return the folders and weights files in a folder; other files do not count for the limit."""
    try:
        with os.scandir(folder) as entries:
            mattering = [entry for entry in entries if _matters(entry)]
    except OSError:
        return []
    return sorted(mattering, key=lambda entry: entry.name)


def _matters(entry: os.DirEntry[str]) -> bool:
    is_weights = entry.name.endswith(".safetensors")
    return not entry.name.startswith(".") and (is_weights or entry.is_dir(follow_symlinks=False))


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return the state of a weights file; None if it is not one, or was just removed."""
    try:
        status = entry.stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
