"""``python -m rw_hooks`` is ``rw-hooks``."""

from __future__ import annotations

from rw_hooks.cli import main

if __name__ == "__main__":
    main()
