"""A process for ai-toolkit's jobs that runs after the trainer, when the last samples are made.

ai-toolkit's ``post_save_hook`` gets the path of the optimizer instead of the weights (27a03a9,
``BaseSDTrainProcess.save``), and at that time there is no image of the same step. A second process has neither problem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.extension import Extension

from rw_hooks.config.options import OPTIONS
from rw_hooks.hook import PublishHook

__all__ = ["RunwareExtension", "results_of"]

_TYPE = "type"  # the name of the process in ai-toolkit's config
_INTERMEDIATE = re.compile(r".*_\d{9}(_\w+)?")


class RunwareExtension(Extension):
    """Tells ai-toolkit about the process ``rw_publish``."""

    uid = "rw_publish"
    name = "Publish to Runware"

    @classmethod
    def get_process(cls) -> type:
        """Return the process; ai-toolkit is imported only now."""
        from jobs.process import BaseExtensionProcess

        class RunwareProcess(BaseExtensionProcess):
            """Publishes the results of the trainers before it in the job."""

            def __init__(self, process_id: int, job: Any, config: Mapping[str, Any]) -> None:
                super().__init__(process_id, job, config)
                options = {name: config[name] for name in OPTIONS if name in config and name != _TYPE}
                self._hook = PublishHook(**options)

            def run(self) -> None:
                """Publish what the trainers of this job have saved."""
                super().run()
                for path in results_of(self.job.config, self.job.name):
                    self._hook.on_save(path, final=True)
                self._hook.on_end()

        return RunwareProcess


def results_of(config: Mapping[str, Any], name: str) -> list[Path]:
    """Return the final weights of a job: ``<training_folder>/<name>/<name>*.safetensors`` with no step in the name."""
    folders = [process["training_folder"] for process in config.get("process", ()) if "training_folder" in process]
    found = [
        path for folder in folders for path in sorted((Path(folder) / name).glob(f"{_escaped(name)}*.safetensors"))
    ]
    return [path for path in found if not _INTERMEDIATE.fullmatch(path.stem)]


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)
