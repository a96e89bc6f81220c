"""Test suites for the hosts, integrations and engines of third parties. Ours pass the same suites.

Each suite is a class of pytest functions: make a subclass, say how yours is created, and run pytest. ``pip install
'rw-hooks[test]'`` installs what the suites need. See ``docs/testing.md``. Third parties may use:

- :mod:`rw_hooks.testing.hosts`: ``HostSuite``.
- :mod:`rw_hooks.testing.integrations` and :mod:`rw_hooks.testing.stage`: ``IntegrationSuite`` and ``Stage``.
- :mod:`rw_hooks.testing.engines`: ``EngineSuite``.
"""

from __future__ import annotations

import sys

__all__: list[str] = []

_SUITES = ("rw_hooks.testing.hosts", "rw_hooks.testing.integrations", "rw_hooks.testing.engines")

if "pytest" in sys.modules:  # a training that only saves files needs no pytest
    sys.modules["pytest"].register_assert_rewrite(*_SUITES)
