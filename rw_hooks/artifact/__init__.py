"""Inspecting one file: its header, one pass over its bytes, its metadata, what it is, and findings."""

from __future__ import annotations

from rw_hooks.artifact.checks.publishable import require_publishable
from rw_hooks.artifact.inspection import inspect
from rw_hooks.artifact.model import Claims, Finding, Inspection
from rw_hooks.artifact.strip_metadata import strip_metadata

__all__ = ["Claims", "Finding", "Inspection", "inspect", "require_publishable", "strip_metadata"]
