"""Which files to publish for a path: the file itself, the chosen files of a run, or the file of a result JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rw_hooks.air import AirRequest
from rw_hooks.artifact import inspect
from rw_hooks.config.settings import Given, Settings
from rw_hooks.errors import ArtifactError, UsageError
from rw_hooks.hosts import fetch_file
from rw_hooks.integration import RunArtifact, RunReader, choose
from rw_hooks.publication.observer import Observer
from rw_hooks.publication.stages.describe import ORIGIN, RUN, facts_of
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.private_files import private_folder

__all__ = ["Selected", "require_an_air_each", "selected"]

_CONTAINERS = (".json", ".tar", ".tar.gz", ".tgz")
_FETCH_SECONDS = 3600.0


@dataclass(frozen=True)
class Selected:
    """One file to publish.

    Attributes:
        path: The file as the user knows it; its receipt is written beside it.
        held: Where its bytes are.
        settings: The settings for it.
        facts: The facts for the queue item.
    """

    path: Path
    held: Path
    settings: Settings
    facts: Mapping[str, Any]


def selected(path: Path, settings: Settings, observer: Observer, spool: Path) -> list[Selected]:
    """Return the files to publish for this path.

    Args:
        path: A file, a run's output folder, a hosted trainer's result JSON or archive.
        settings: The settings of the call.
        observer: Is told what is not published.
        spool: The folder into which an archive is unpacked, or the file of a result JSON is downloaded.

    Raises:
        UsageError: There is nothing at this path, or it may not be read.
        ArtifactError: It has nothing that can be published.
        UnreachableError: The file of a result JSON cannot be downloaded now.
    """
    _require_there(path)
    contained = path.is_file() and path.name.lower().endswith(_CONTAINERS)
    if path.is_file() and not contained:
        return [Selected(path, path, settings, {})]
    config = settings.text("config")
    reader = RunReader(Path(config) if config else None, settings.text("trainer"))
    run = reader.read(path, spool=private_folder(spool) if contained else None)
    chosen = choose(run, settings.value("which", "final"))
    for note in (*run.warnings, *chosen.notes):
        observer.note(note)
    if not chosen.artifacts:
        _require_no_pipeline(path)
        raise ArtifactError(
            "nothing_to_publish",
            f"{path} has no file that can be published",
            hint="give the .safetensors file itself; if the run is not recognised, give --trainer and --config",
            stage="inspect",
        )
    require_an_air_each(settings, len(chosen.artifacts))
    for offered in chosen.offered:
        observer.note(f"not published: {offered.path.name} ({offered.reason}); --which all publishes it too")
    if not contained:
        return [_in_folder(artifact, reader, settings) for artifact in chosen.artifacts]
    return [_contained(artifact, path, settings, spool) for artifact in chosen.artifacts]


def _require_there(path: Path) -> None:
    try:
        if path.exists():
            return
    except PermissionError:
        raise UsageError("unreadable", f"{path} may not be read", hint="check the permissions of its folder",
                         stage="inspect") from None  # fmt: skip
    except OSError:  # an impossible name, such as one of 300 letters
        pass
    raise UsageError("no_such_file", f"there is nothing at {path}", stage="inspect")


def require_an_air_each(settings: Settings, files: int) -> None:
    """Require that no complete AIR is given for more than one file.

    Raises:
        UsageError: It is.
    """
    air = settings.text("air")
    if files > 1 and air is not None and AirRequest.parse(air).is_complete:
        raise UsageError(
            "one_air_many_files",
            f"{air} is the AIR of one model, but there are {files} files; nothing was sent",
            hint="give one file, or --air source:id so that each file gets the next free version",
            stage="setup",
        )


def _require_no_pipeline(path: Path) -> None:
    """Raise an error that says how a diffusers pipeline, which is a folder of models, becomes one file."""
    if (path / "model_index.json").is_file():
        inspect(path, header_only=True)


def _in_folder(artifact: RunArtifact, reader: RunReader, settings: Settings) -> Selected:
    """Return a file of a run's folder, together with what the run says about it, which was just read."""
    facts = facts_of(reader.read(artifact.path))
    return Selected(artifact.path, artifact.path, settings, {RUN: facts.model_dump(mode="json", exclude_none=True)})


def _contained(artifact: RunArtifact, path: Path, settings: Settings, spool: Path) -> Selected:
    beside = path.absolute().parent / artifact.path.name
    if artifact.url is None:
        return Selected(beside, artifact.path, settings, {ORIGIN: str(artifact.path)})
    held = spool / f"url-{hashlib.sha256(artifact.url.encode()).hexdigest()[:16]}" / artifact.path.name
    fetch_file(artifact.url, held, Deadline.after(_FETCH_SECONDS))
    given = {"host": Given(artifact.url, path.name), **settings.given}
    return Selected(beside, held, replace(settings, given=given), {ORIGIN: str(path.absolute())})
