"""What is imported when: a trainer's environment is not disturbed, and a command answers at once."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

STANDARD_LIBRARY_ALONE = [
    "rw_hooks",
    "rw_hooks.air",
    "rw_hooks.cli.commands",
    "rw_hooks.deadline",
    "rw_hooks.errors",
    "rw_hooks.home",
    "rw_hooks.hook",
    "rw_hooks.options",
    "rw_hooks.points",
    "rw_hooks.publish.inbox",
    "rw_hooks.redact",
    "rw_hooks.sources",
]
FOREIGN_MODULES = """
import sys
known = set(sys.modules)
import {module}
new = {{name.partition(".")[0] for name in set(sys.modules) - known}}
print(*sorted(new - set(sys.stdlib_module_names) - {{"rw_hooks"}}))
"""


IMPORT_SECONDS = """
import time
started = time.process_time()  # a busy machine does not fail the test
import rw_hooks
print(time.process_time() - started)
"""


def output(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("module", STANDARD_LIBRARY_ALONE)
def test_what_a_hook_needs_loads_the_standard_library_alone(module):
    assert output("-c", FOREIGN_MODULES.format(module=module)).split() == []


def test_importing_the_package_costs_less_than_50_ms():
    assert min(float(output("-c", IMPORT_SECONDS)) for _ in range(5)) < 0.050


def test_the_overview_comes_in_less_than_300_ms():
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        output("-m", "rw_hooks", "--help")
        taken.append(time.perf_counter() - started)
    assert min(taken) < 0.300


def test_publish_can_be_called_whatever_was_imported_before():
    script = (
        "import rw_hooks.publish, rw_hooks.publish.inbox, rw_hooks\n"
        "from rw_hooks import publish\n"
        "print(callable(publish), callable(rw_hooks.publish))"
    )
    assert output("-c", script).split() == ["True", "True"]


def test_every_public_name_can_be_loaded():
    import rw_hooks

    assert [name for name in rw_hooks.__all__ if getattr(rw_hooks, name, None) is None] == []
