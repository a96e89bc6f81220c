"""Where a trainer runs: which process and which machine of its run this is, and whether a worker could outlive it.

Standard library only.

No collective operation is used: the other ranks may be waiting elsewhere, and sd-scripts destroys its process group
before the last save.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

__all__ = ["cannot_outlive", "node_rank", "process_rank"]

_RANK_VARIABLES = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "LOCAL_RANK")
_NODE_FLAGS = frozenset({"--machine_rank", "--machine-rank", "--node_rank", "--node-rank"})
"""The options of ``accelerate launch``, ``torchrun`` and ``deepspeed`` for the machine's rank, in both spellings."""
_NODE_VARIABLES = ("NODE_RANK", "GROUP_RANK")
"""The environment variables of Lightning and torchrun for the machine's rank."""
_BATCH_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
_CONTAINER_FILES = (".dockerenv", "run/.containerenv")


def process_rank(environ: Mapping[str, str]) -> int:
    """Return this process's rank: from torch.distributed if it is initialised, else from the launcher's variables."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    names: tuple[str, ...] = _RANK_VARIABLES
    if _number(environ.get("SLURM_NTASKS")) > 1 and "SLURM_STEP_ID" in environ:
        names = (*names, "SLURM_PROCID")
    return next((_number(environ[name]) for name in names if name in environ), 0)


def node_rank(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return the rank of this machine in a distributed training; 0 if nothing says another one.

    Args:
        argv: The command line of the launcher, which is stronger than the environment.
        environ: The environment.
    """
    for word, following in zip_longest(argv, argv[1:], fillvalue=""):
        flag, equals, value = word.partition("=")
        if flag in _NODE_FLAGS:
            return _number(value if equals else following)
    return next((_number(environ[name]) for name in _NODE_VARIABLES if name in environ), 0)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.strip().isdecimal() else 0


def cannot_outlive(environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """Return why a detached worker would die with this process, in words; empty if it would not.

    Args:
        environ: The environment.
        root: The root of the file system.
    """
    if "ipykernel" in sys.modules or "COLAB_RELEASE_TAG" in environ:
        return "a notebook, whose machine may end with it"
    if environ.get("CI", "").lower() not in {"", "0", "false"}:
        return "a CI job"
    if any(name in environ for name in _BATCH_VARIABLES):
        return "a batch job"
    if (
        os.getpid() == 1
        or "KUBERNETES_SERVICE_HOST" in environ
        or any((root / name).exists() for name in _CONTAINER_FILES)
    ):
        return "a container"
    if _cgroup(root).endswith(".service"):
        return "a systemd unit"
    return ""


def _cgroup(root: Path) -> str:
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition("::")[2] for line in lines if line.startswith("0::")), "")
