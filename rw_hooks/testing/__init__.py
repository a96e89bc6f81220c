"""Suites that a third party's host or integration can be held to, as ours are.

Each is a class of pytest functions: make a subclass, say how yours is made, and run pytest. ``pip install
'rw-hooks[test]'`` brings what they need. See ``docs/testing.md``.
"""

from __future__ import annotations

import sys

__all__: list[str] = []

_SUITES = ("rw_hooks.testing.hosts", "rw_hooks.testing.integrations", "rw_hooks.testing.engines")

if "pytest" in sys.modules:  # a training that only saves files needs no pytest
    sys.modules["pytest"].register_assert_rewrite(*_SUITES)
