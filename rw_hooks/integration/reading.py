"""From a path to its run: which trainer made it, what its facts are, and which files it left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rw_hooks.errors import UsageError
from rw_hooks.facts.model import Fact, TrainingFacts
from rw_hooks.facts.values import without_paths
from rw_hooks.integration.choice import Choice, choose_artifacts
from rw_hooks.integration.folder import RunFolder
from rw_hooks.integration.plain_folder import PlainFolder
from rw_hooks.integration.protocol import Integration, RunArtifact, load_integrations
from rw_hooks.integration.unpack import is_tar, unpack
from rw_hooks.support.foreign import is_dir
from rw_hooks.support.redact import REMOVED, redact

__all__ = ["Run", "RunReader", "choose", "read_run"]

_PARENTS_MAX = 4
_FOLDER_OF_A_RUN = re.compile(
    r"((checkpoint|epoch|step|global_step)[-_]?\d+(-rolling)?|save|saves|out|output|outputs|lora|transformer|unet"
    r"|text_encoder(_2)?|vae|ema|backup|pipeline|ws|workspace|.*-state|.*-backup-[\d-]+)",
    re.IGNORECASE,
)


class Run(BaseModel):
    """A training run as an integration read it.

    Attributes:
        path: The given path; for an archive, the folder to which it was unpacked.
        trainer: The integration's name, or None if none recognised the run.
        facts: What the run says; for a single file, also what is known about this file.
        artifacts: All its files, including those that must not be published.
        warnings: What could not be read.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    trainer: str | None
    facts: TrainingFacts
    artifacts: tuple[RunArtifact, ...]
    warnings: tuple[str, ...] = ()


def read_run(
    path: Path,
    *,
    config: Path | None = None,
    trainer: str | None = None,
    argv: Sequence[str] | None = None,
    spool: Path | None = None,
) -> Run:
    """Read the run that a path belongs to.

    Args:
        path: A weights file, an output folder, a fal result JSON, or a Replicate tar.
        config: The trainer's config, launch script, or argv as JSON, where it does not lie in the folder.
        trainer: The integration's name, where it cannot be recognised.
        argv: The trainer's command line, where it is known.
        spool: The folder into which an archive may be unpacked.

    Raises:
        UsageError: There is no such integration, or an archive without a spool.
        ArtifactError: An archive that cannot be unpacked.
    """
    return RunReader(config, trainer, argv).read(path, spool=spool)


class RunReader:
    """Reads runs. Each folder is read only once, for an output folder and for all its files.

    Args:
        config: The trainer's config, launch script, or argv as JSON, where it does not lie in the folder.
        trainer: The integration's name, where it cannot be recognised.
        argv: The trainer's command line, where it is known.

    Raises:
        UsageError: There is no such integration.
    """

    def __init__(
        self, config: Path | None = None, trainer: str | None = None, argv: Sequence[str] | None = None
    ) -> None:
        self._config = config
        self._trainer = trainer
        self._argv = tuple(argv or ())
        self._integrations, self._warnings = load_integrations()
        self._seen: dict[Path, RunFolder] = {}
        if trainer is not None and trainer not in {entry.name for entry in self._integrations}:
            known = ", ".join(entry.name for entry in self._integrations)
            raise UsageError("unknown_trainer", f"there is no integration named {trainer!r}",
                             hint=f"--trainer takes one of: {known}", stage="describe")  # fmt: skip

    def read(self, path: Path, *, spool: Path | None = None) -> Run:
        """Read the run that a path belongs to; see :func:`read_run`.

        Raises:
            UsageError: An archive without a spool.
            ArtifactError: An archive that cannot be unpacked.
        """
        if is_tar(path):
            if spool is None:
                raise UsageError("archive", f"{path.name} is an archive", hint="use 'rw-hooks publish' with "
                                                                               "it, or unpack it first",
                                 stage="inspect")  # fmt: skip
            path = unpack(path, spool)
        reading = _Reading(path.absolute(), self._config, self._argv, list(self._warnings), self._seen)
        wanted = [entry for entry in self._integrations if self._trainer in (None, entry.name)]
        return reading.run(wanted, forced=self._trainer is not None)


def choose(run: Run, which: str = "final") -> Choice:
    """Choose which of the run's files are published; see :func:`choose_artifacts`."""
    single = run.path if run.path.suffix == ".safetensors" and not is_dir(run.path) else None
    return choose_artifacts(run.artifacts, which, named=single)


class _Reading:
    """The reading of one path. Any exception of an integration becomes a warning."""

    def __init__(
        self, path: Path, config: Path | None, argv: tuple[str, ...], warnings: list[str], seen: dict[Path, RunFolder]
    ) -> None:
        self.path = path
        self.config = config
        self.argv = argv
        self.warnings = warnings
        self._seen = seen

    def run(self, integrations: Sequence[Integration], *, forced: bool) -> Run:
        folders = [self._folder(root) for root in _roots(self.path)]
        trusted = forced or self.config is not None or bool(self.argv)
        for reader, folder in [*self._recognised(integrations, folders, forced=forced), (PlainFolder(), folders[0])]:
            facts, artifacts = self._read(reader, folder)
            single = next((artifact for artifact in artifacts if artifact.path == self.path), None)
            if single is not None:
                facts = _of_artifact(facts, single)
            elif self.path.suffix == ".safetensors" and not trusted:
                continue
            return self._run(reader, folder, facts, artifacts)
        return self._run(PlainFolder(), folders[0], TrainingFacts(), ())

    def _folder(self, root: Path) -> RunFolder:
        """Return the folder for this path; a folder that was read for another path is not read again."""
        known = self._seen.get(root)
        folder = RunFolder(self.path, root, self.argv, self.config) if known is None else known.named(self.path)
        self._seen.setdefault(root, folder)
        return folder

    def _run(
        self, reader: Integration, folder: RunFolder, facts: TrainingFacts, artifacts: tuple[RunArtifact, ...]
    ) -> Run:
        trainer = None if isinstance(reader, PlainFolder) else reader.name
        if trainer is not None and facts.trainer is None:
            facts = facts.model_copy(update={"trainer": Fact(value=trainer, source="the run", strength="derived")})
        notes = tuple(dict.fromkeys((*self.warnings, *folder.warnings)))
        return Run(path=self.path, trainer=trainer, facts=facts, artifacts=artifacts, warnings=notes)

    def _recognised(
        self, integrations: Sequence[Integration], folders: Sequence[RunFolder], *, forced: bool
    ) -> list[tuple[Integration, RunFolder]]:
        """Return readers and folders, the most certain first.

        Of equal ones the nearest folder, then the first by name.
        """
        if forced:
            return [max(((integrations[0], folder) for folder in folders), key=lambda pair: self._sureness(*pair))]
        pairs = [(entry, folder) for folder in folders for entry in integrations]
        sure = [(sureness, pair) for pair in pairs if (sureness := self._sureness(*pair)) > 0.0]
        return [pair for _, pair in sorted(sure, key=lambda found: -found[0])]

    def _sureness(self, entry: Integration, folder: RunFolder) -> float:
        try:
            return float(entry.recognise(folder))
        except Exception as error:  # noqa: BLE001 - another's code may raise anything
            self.warnings.append(f"the integration {entry.name} failed to look at {folder.root.name}: {error}")
            return 0.0

    def _read(self, entry: Integration, folder: RunFolder) -> tuple[TrainingFacts, tuple[RunArtifact, ...]]:
        try:
            return _clean(entry.facts(folder)), _judged(entry.artifacts(folder))
        except Exception as error:  # noqa: BLE001 - another's code may raise anything
            self.warnings.append(f"the integration {entry.name} failed to read {folder.root.name}: {error}")
            return TrainingFacts(), _judged(PlainFolder().artifacts(folder))


def _judged(artifacts: Sequence[RunArtifact]) -> tuple[RunArtifact, ...]:
    return tuple(artifact.judged_by_place() for artifact in artifacts)


def _clean(facts: TrainingFacts) -> TrainingFacts:
    """Return the facts without local paths and secrets, which people write into comments and descriptions."""
    summary = {key: shown[0] for key, value in facts.summary.items() if (shown := _shown(value))}
    found: dict[str, object] = {"summary": summary}
    for name in TrainingFacts.model_fields.keys() - {"hero_image", "unread", "summary"}:
        fact: Fact[str | tuple[str, ...] | float] | None = getattr(facts, name)
        if fact is None or not isinstance(fact.value, (str, tuple)):
            continue
        shown = _shown(fact.value) if isinstance(fact.value, str) else _shown(*fact.value)
        value = shown[0] if shown and isinstance(fact.value, str) else shown
        found[name] = fact.model_copy(update={"value": value}) if shown else None
    return facts.model_copy(update=found)


def _shown(*texts: str) -> tuple[str, ...]:
    """Return the texts without those that contained a secret, because a placeholder is of no use there."""
    shown = (redact(without_paths(text)) for text in texts)
    return tuple(text for text in shown if REMOVED not in text)


def _of_artifact(facts: TrainingFacts, artifact: RunArtifact) -> TrainingFacts:
    """Return the run's facts together with those of one file; a file that is not the main one gets its own name."""
    if facts.name is not None and artifact.role != "main":
        named = facts.name.model_copy(update={"value": f"{facts.name.value} ({artifact.role.replace('_', ' ')})"})
        facts = facts.model_copy(update={"name": named})
    return artifact.facts().over(facts)


def _roots(path: Path) -> Iterator[Path]:
    """Yield the folders that may be the run's: the nearest first, then upwards while the name is usual in a run."""
    folder = path if is_dir(path) else path.parent
    for _ in range(_PARENTS_MAX):
        yield folder
        if folder == path or not _FOLDER_OF_A_RUN.fullmatch(folder.name) or folder.parent == folder:
            return
        folder = folder.parent
