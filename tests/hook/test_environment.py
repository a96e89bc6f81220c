"""Where a trainer runs."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from rw_hooks.hook.environment import cannot_outlive, node_rank, process_rank


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, 0),
        ({"RANK": "0"}, 0),
        ({"RANK": "3", "LOCAL_RANK": "0"}, 3),
        ({"LOCAL_RANK": "2"}, 2),
        ({"OMPI_COMM_WORLD_RANK": "1"}, 1),
        ({"SLURM_PROCID": "5", "SLURM_NTASKS": "8", "SLURM_STEP_ID": "0"}, 5),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_STEP_ID": "0"}, 0),
        ({"SLURM_PROCID": "5", "SLURM_NTASKS": "8"}, 0),
        ({"RANK": "one"}, 0),
    ],
)
def test_the_rank_is_the_launchers(environ, expected):
    assert process_rank(environ) == expected


@pytest.mark.parametrize(("up", "expected"), [(True, 7), (False, 1)])
def test_a_process_group_that_is_up_knows_better(monkeypatch, up, expected):
    group = SimpleNamespace(is_available=lambda: True, is_initialized=lambda: up, get_rank=lambda: 7)
    monkeypatch.setitem(sys.modules, "torch.distributed", group)
    assert process_rank({"RANK": "1"}) == expected


@pytest.mark.parametrize(
    ("words", "environ", "expected"),
    [
        (["accelerate", "launch", "--machine_rank", "1", "train.py"], {}, 1),
        (["torchrun", "--nnodes=2", "--node-rank=1", "train.py"], {}, 1),
        (["torchrun", "--node_rank", "0", "train.py"], {}, 0),
        (["python", "train.py", "--node_rank"], {}, 0),
        (["python", "train.py", "--node_rank", "first"], {}, 0),
        (["python", "train.py"], {"NODE_RANK": "2"}, 2),
        (["python", "train.py"], {"GROUP_RANK": "1"}, 1),
        (["torchrun", "--node_rank", "0", "train.py"], {"NODE_RANK": "2"}, 0),
        ([], {"NODE_RANK": "first"}, 0),
    ],
)
def test_the_machine_is_known_by_its_launchers_word(words, environ, expected):
    assert node_rank(words, environ) == expected


@pytest.mark.parametrize(
    ("environ", "files", "expected"),
    [
        ({}, {}, ""),
        ({"CI": "true"}, {}, "a CI job"),
        ({"CI": "false"}, {}, ""),
        ({"SLURM_JOB_ID": "7"}, {}, "a batch job"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {}, "a container"),
        ({}, {".dockerenv": ""}, "a container"),
        ({}, {"run/.containerenv": ""}, "a container"),
        ({}, {"proc/self/cgroup": "0::/system.slice/train.service\n"}, "a systemd unit"),
        ({}, {"proc/self/cgroup": "0::/user.slice/user-1000.slice/session-3.scope\n"}, ""),
        ({"COLAB_RELEASE_TAG": "x"}, {}, "a notebook, whose machine may end with it"),
    ],
)
def test_a_worker_that_would_die_with_the_trainer_is_known(tmp_path, environ, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cannot_outlive(environ, tmp_path) == expected


def test_a_notebook_is_known_by_its_kernel(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    assert "notebook" in cannot_outlive({}, tmp_path)
