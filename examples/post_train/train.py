"""Stands in for a trainer: fits a small LoRA for a second and saves it as a trainer would."""

from __future__ import annotations

import sys
from pathlib import Path

from rw_hooks.sandbox.adapter import make_adapter

STEPS = 20


def main() -> None:
    """Train and save to the path given on the command line."""
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    make_adapter(path, seed=7, steps=STEPS, on_loss=lambda step, loss: print(f"step {step}/{STEPS}  loss {loss:.4f}"))


if __name__ == "__main__":
    main()
