"""Where a trainer will write, told from its command line and the configs that it names, and what it wrote there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rw_hooks.facts.configs import UnreadableError, is_secret_key, read_config
from rw_hooks.facts.launch import LAUNCH_SUFFIXES, parse_argv, read_launch_script
from rw_hooks.publish.whole import is_whole
from rw_hooks.redact import redact

__all__ = ["Look", "Places", "look_at", "without_secrets"]

_OUTPUT = re.compile(r".*(out|save|dest|training_folder|workspace|run_dir).*", re.IGNORECASE)
_CONFIG_SUFFIXES = (".toml", ".yaml", ".yml", ".json")
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "venv"})
_DEPTH_MAX = 6
_FILES_MAX = 50_000
_PATH_MAX = 4096

Look = Mapping[Path, tuple[int, int]]
"""Files with their size and modification time in nanoseconds."""


@dataclass(frozen=True)
class Places:
    """Where results may appear, the surest places first; each is looked at only when those before hold nothing new."""

    tiers: tuple[tuple[Path, ...], ...]

    @classmethod
    def of(cls, argv: Sequence[str], directory: Path) -> Places:
        """Find the places that a command line names: output folders, then any other folder, then where it runs."""
        named = list(_named(argv, directory))
        outputs = [value for key, value in named if _OUTPUT.fullmatch(key)]
        others = [value for key, value in named if not _OUTPUT.fullmatch(key)]
        return cls((_folders(outputs, directory), _folders(others, directory), (directory,)))

    def look(self) -> list[Look]:
        """Return the weights files in each tier."""
        return [look_at(folders) for folders in self.tiers]

    def new(self, before: Sequence[Look], since: int) -> list[Path]:
        """Return the whole files that are new or rewritten, in the order of their writing.

        Args:
            before: How the places looked before.
            since: The time of that look in nanoseconds: a place may have become known only later.
        """
        for folders, known in zip(self.tiers, before, strict=True):
            now = look_at(folders)
            new = [path for path, state in now.items() if known.get(path) != state and state[1] >= since]
            new = [path for path in new if is_whole(path)]
            if new:
                return sorted(new, key=lambda path: (now[path][1], str(path)))
        return []


def look_at(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Return all ``.safetensors`` files below the folders; hidden folders, links and environments are passed over."""
    found: dict[Path, tuple[int, int]] = {}
    left = _FILES_MAX
    for folder in folders:
        for entry in _walk(folder, _DEPTH_MAX):
            left -= 1
            if left < 0:
                return found
            status = _status(entry)
            if status is not None:
                found[Path(entry.path)] = (status.st_size, status.st_mtime_ns)
    return found


def without_secrets(argv: Sequence[str], directory: Path) -> list[str]:
    """Return a command line that can be kept: without the values of secret options, config files by whole paths."""
    kept: list[str] = []
    secret = False
    for word in argv:
        option, equals, _ = word.partition("=")
        if word.startswith("-"):
            secret = is_secret_key(option) and not equals
            kept.append(f"{option}=[removed]" if equals and is_secret_key(option) else redact(word))
        elif secret:
            kept.append("[removed]")
        else:
            kept.append(_whole_path(redact(word), directory))
    return kept


def _whole_path(word: str, directory: Path) -> str:
    is_config = word.endswith((*_CONFIG_SUFFIXES, *LAUNCH_SUFFIXES)) and _is_file(directory / word)
    return str(directory / word) if is_config else word


def _named(argv: Sequence[str], directory: Path) -> Iterator[tuple[str, str]]:
    """Yield names and values out of the command line, and out of the configs and scripts that it names."""
    launch = parse_argv(argv)
    given = [("", word) for word in (*launch.arguments, *argv)] + list(_pairs("", launch.options))
    yield from given
    for _, value in dict.fromkeys(given):
        path = directory / value
        if path.suffix.lower() in (*_CONFIG_SUFFIXES, *LAUNCH_SUFFIXES) and _is_file(path):
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
    """Return the folders among the values; one that is not there yet may come."""
    found: dict[Path, None] = {}
    for value in values:
        if not value or "\n" in value or "\0" in value or len(value) > _PATH_MAX:
            continue
        path = directory / _expanded(value)
        if path.suffix == ".safetensors":
            path = path.parent
        if path != directory and not _is_file(path) and path not in directory.parents:
            found[path] = None
    return tuple(found)


def _expanded(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:  # it begins with a tilde and names no user
        return Path(value)


def _is_file(path: Path) -> bool:
    """Whether there is a file; a word of a command line may be a prompt that is too long for a path."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _walk(folder: Path | str, depth: int) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in listed:
        if entry.is_dir(follow_symlinks=False):
            if depth > 1 and entry.name not in _SKIPPED and not entry.name.startswith("."):
                yield from _walk(entry.path, depth - 1)
        else:
            yield entry


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return how a weights file looks; None for what is none, or was rotated away while we look."""
    if not entry.name.endswith(".safetensors") or entry.name.startswith("."):
        return None
    try:
        status = entry.stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
