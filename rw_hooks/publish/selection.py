"""Which files a path stands for: itself, or what a run left that shall be published."""

from __future__ import annotations

from pathlib import Path

from rw_hooks.errors import ArtifactError, UsageError
from rw_hooks.home import private_folder
from rw_hooks.integration import choose, read_run
from rw_hooks.publish.watcher import Watcher
from rw_hooks.settings import Settings

__all__ = ["selected"]

_CONTAINERS = {".json", ".tar"}


def selected(path: Path, settings: Settings, watcher: Watcher) -> list[Path]:
    """Return the files to publish for this path: the file itself, or the chosen ones of a run.

    Raises:
        UsageError: There is nothing at this path.
        ArtifactError: The folder holds nothing that can be published.
    """
    if not path.exists():
        raise UsageError("no_such_file", f"there is nothing at {path}", stage="inspect")
    if path.is_file() and path.suffix.lower() not in _CONTAINERS:
        return [path]
    config = settings.text("config")
    run = read_run(
        path,
        config=Path(config) if config else None,
        trainer=settings.text("trainer"),
        spool=private_folder(settings.home / "spool"),
    )
    for warning in run.warnings:
        watcher.note(warning)
    chosen = choose(run, settings.value("which", "final"))
    if not chosen.artifacts:
        raise ArtifactError(
            "nothing_to_publish",
            f"{path} holds no file that can be published",
            hint="give the .safetensors file itself, or --trainer and --config where the run is not recognised",
            stage="inspect",
        )
    for offered in chosen.offered:
        watcher.note(f"not published: {offered.path.name} ({offered.reason}); --which all takes it too")
    return [artifact.path for artifact in chosen.artifacts]
