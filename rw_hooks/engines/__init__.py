"""Engines: what runs publications durably.

Third parties who write an engine may use :mod:`rw_hooks.engines.base` (the protocol, and the entry-point group),
:mod:`rw_hooks.engines.agent` (what every engine needs on the machine that has the files), and what
:mod:`rw_hooks.publication` lists. :mod:`rw_hooks.engines.local` is private.
"""
