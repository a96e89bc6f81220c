"""The stages of a publication, in the order of the table in the README.

The first, ``inspect``, is run when a file is enrolled, because its sha256 decides which publication it is.
"""

from rw_hooks.publication.stages.describe import describe_publication
from rw_hooks.publication.stages.host import host_file
from rw_hooks.publication.stages.preflight import check_url
from rw_hooks.publication.stages.register import register_model
from rw_hooks.publication.stages.settle import write_settlement
from rw_hooks.publication.stages.work import Stage, Work

__all__ = ["STAGES", "Stage", "Work"]

STAGES: tuple[Stage, ...] = (
    Stage("describe", describe_publication, where="origin"),
    Stage("host", host_file, where="origin"),
    Stage("preflight", check_url, where="anywhere"),
    Stage("register", register_model, where="anywhere"),
    Stage("settle", write_settlement, where="origin"),
)
