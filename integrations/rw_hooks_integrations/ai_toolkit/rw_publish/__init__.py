"""ai-toolkit extension: copy this folder into ``extensions/`` of your ai-toolkit, and add a process to the job.

::

    config:
      process:
        - type: sd_trainer
          ...
        - type: rw_publish
          trigger_words: sks dog        # any option of rw-hooks

ai-toolkit imports extensions without catching errors, so a missing rw-hooks must not end jobs that do not use it.
"""

import logging

__all__ = ["AI_TOOLKIT_EXTENSIONS"]


def _extensions() -> list[type]:
    try:
        from rw_hooks_integrations.ai_toolkit.process import RunwareExtension
    except ImportError as error:
        logging.getLogger(__name__).warning("rw_publish publishes nothing: %s; run 'pip install rw-hooks'", error)
        return []
    return [RunwareExtension]


AI_TOOLKIT_EXTENSIONS = _extensions()
