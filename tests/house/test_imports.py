"""What is imported when: a trainer's environment is not disturbed, and a command answers at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEADER = Path(__file__).parents[1] / "data" / "artifacts" / "sks_toy_v1.safetensors"
STANDARD_LIBRARY_ALONE = [
    "rw_hooks",
    "rw_hooks.air",
    "rw_hooks.cli.commands",
    "rw_hooks.support.deadline",
    "rw_hooks.errors",
    "rw_hooks.config.state_dir",
    "rw_hooks.hook.publish_hook",
    "rw_hooks.config.options",
    "rw_hooks.support.failpoints",
    "rw_hooks.queue.inbox",
    "rw_hooks.support.redact",
    "rw_hooks.series",
    "rw_hooks.config.precedence",
    "rw_hooks.which",
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


LOADED = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr))
from rw_hooks.cli import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], {"cyclopts", "httpx", "numpy", "pydantic", "rich"}),
        (["inspect", "--header-only", "--json", str(HEADER)], {"httpx", "numpy", "pydantic", "rich"}),
        (["inspect", "--header-only", str(HEADER)], {"httpx", "numpy", "pydantic"}),
    ],
)
def test_what_answers_at_once_loads_nothing_that_it_does_not_need(arguments, unneeded):
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], check=True, capture_output=True, text=True)
    assert unneeded & set(done.stderr.split()) == set()
    assert done.stdout


def test_publish_is_a_plain_function():
    script = "import rw_hooks, types; print(isinstance(rw_hooks.publish, types.FunctionType))"
    assert output("-c", script).split() == ["True"]


def test_every_public_name_can_be_loaded():
    import rw_hooks

    assert [name for name in rw_hooks.__all__ if getattr(rw_hooks, name, None) is None] == []
