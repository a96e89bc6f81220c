"""Which of several machines this is, as the launcher of a distributed training is told on its command line."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["machine_rank"]

_FLAGS = frozenset({"--machine_rank", "--machine-rank", "--node_rank", "--node-rank"})
"""Of ``accelerate launch``, ``torchrun`` and ``deepspeed``, in both spellings that they take."""


def machine_rank(command: Sequence[str]) -> int:
    """Return the machine's rank; 0 where the command line names none, or none that is a number."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag in _FLAGS:
            said = value if equals else following
            return int(said) if said.isdecimal() else 0
    return 0
