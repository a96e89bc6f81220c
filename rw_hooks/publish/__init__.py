"""The journey of a publication: inbox, journal, stages, engine, receipt."""

from rw_hooks.publish.api import explain, publish, publish_all
from rw_hooks.publish.doctor import Check, doctor
from rw_hooks.publish.jobs import cancel, jobs, resume
from rw_hooks.publish.journal import Journal
from rw_hooks.publish.publication import Publication
from rw_hooks.publish.update import update
from rw_hooks.publish.watcher import Silent, Watcher

__all__ = [
    "Check",
    "Journal",
    "Publication",
    "Silent",
    "Watcher",
    "cancel",
    "doctor",
    "explain",
    "jobs",
    "publish",
    "publish_all",
    "resume",
    "update",
]
