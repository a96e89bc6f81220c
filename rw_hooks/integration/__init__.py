"""Integrations: readers of training runs, how they are found, and how a path becomes a run.

Third parties who write an integration may use the names of ``__all__``, and :mod:`rw_hooks.integration.foreign`.
The readers themselves are in other packages (``rw_hooks_integrations``, or a third party's) and are found by entry
points; nothing here imports them.
"""

from __future__ import annotations

from rw_hooks.artifact.checks.location import Refusal, refusal_by_place
from rw_hooks.integration.bases import Named, base_facts, base_from_name, base_from_word
from rw_hooks.integration.choice import Choice, Verdict, judge_new_file
from rw_hooks.integration.folder import RunFolder
from rw_hooks.integration.plain_folder import SaveName, save_name
from rw_hooks.integration.protocol import GROUP, Integration, Role, RunArtifact, load_integrations
from rw_hooks.integration.reading import Run, RunReader, choose, read_run

__all__ = [
    "GROUP",
    "Choice",
    "Integration",
    "Named",
    "Refusal",
    "Role",
    "Run",
    "RunArtifact",
    "RunFolder",
    "RunReader",
    "SaveName",
    "Verdict",
    "base_facts",
    "base_from_name",
    "base_from_word",
    "choose",
    "judge_new_file",
    "load_integrations",
    "read_run",
    "refusal_by_place",
    "save_name",
]
